/* SPDX-License-Identifier: ISC */
/*
 * setup.h - `mansio setup`: a first configuration, certificate, domain, account
 */
#ifndef CORE_COMMAND_SETUP_H
#define CORE_COMMAND_SETUP_H

#include "command/verb.h"

/* The exit status. */
int setup_run(const struct request *r);

#endif
