/* SPDX-License-Identifier: ISC */
/*
 * password_input.h - a password from a file, or typed twice without echo
 */
#ifndef CORE_COMMAND_PASSWORD_INPUT_H
#define CORE_COMMAND_PASSWORD_INPUT_H

#include <mansio/base.h>

#define PASSWORD_INPUT_MAX	1024

/* file "-": standard input; NULL: asks on the terminal.  The first line; NUL
   follows.  out has PASSWORD_INPUT_MAX + 1 octets. */
ms_status password_input(const char *file, char *out, struct ms_error *err);

#endif
