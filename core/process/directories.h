/* SPDX-License-Identifier: ISC */
/*
 * directories.h - all directories of the config as one: the service
 * ms.directory/1 (directory.h)
 */
#ifndef CORE_PROCESS_DIRECTORIES_H
#define CORE_PROCESS_DIRECTORIES_H

#include <mansio/directory.h>
#include <mansio/plugin.h>

#define DIRECTORIES_MAX	16

/* backends: in the order they are asked, copied. */
void directories_set(const struct ms_backend *backends, size_t n);

/* The instance argument is ignored. */
extern const struct ms_directory directories_service;

#endif
