/* SPDX-License-Identifier: ISC */
/*
 * login.h - what one life of a conversation leaves to the next
 */
#ifndef SMTP_LOGIN_H
#define SMTP_LOGIN_H

#include "smtp.h"

/* Begins the second life by the carry that AUTH left. */
void smtp_login_resume(struct smtp *x, struct ms_str carry);
/* Mechanisms to be offered now; len 0: none. */
struct ms_str smtp_login_mechanisms(struct smtp *x);

#endif
