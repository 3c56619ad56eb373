/* SPDX-License-Identifier: ISC */
/* directory.h - making directories */
#ifndef CORE_BASE_DIRECTORY_H
#define CORE_BASE_DIRECTORY_H

#include <sys/types.h>

#include <mansio/base.h>

/* With those above it; what is there already stays as it is. */
ms_status directory_make(const char *path, mode_t mode, struct ms_error *err);

#endif
