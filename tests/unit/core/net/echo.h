/* SPDX-License-Identifier: ISC */
/*
 * echo.h - a protocol for tests: each line names what the next wait shall be
 *
 *	SAY text		"250 text"
 *	MAX n			line_max from now on
 *	SOON ms			timeout of all waits from now on
 *	LISTEN			DATA with events
 *	DATA  HEADER  COUNT n	a body; "250 octets flags status kept"
 *	DROP n			a body of n octets without a writer
 *	LIMIT n			body_max from now on
 *	BYTES n			"250 n octets"
 *	SLEEP ms		waits for an op that ends then
 *	BLOCK ms		blocks its thread for so long
 *	WATCH t  IDLE		events: "* topic"; a line ends IDLE
 *	SEND n  DOT n		n octets as a blob, raw or stuffed
 *	DOTS n			the latter, of lines that are a dot each
 *	PAGES n			n octets by write(), waiting for output between
 *	FLOOD			far more output than may be
 *	EAT n			n octets of the session's arena
 *	FACT name  ACCOUNT  BINDING type
 *	STARTTLS  LOGIN carry  LOGOUT  QUIT
 */
#ifndef TEST_NET_ECHO_H
#define TEST_NET_ECHO_H

#include <stdatomic.h>

#include <mansio/protocol.h>

struct ms_instance {
	_Atomic unsigned opened, closed, steps;
	_Atomic unsigned retire_busy;	/* 1: sessions do not go before the end */
	_Atomic unsigned last_came;
	_Atomic uint64_t live_octets;	/* waiting output, at most seen */
};

extern const struct ms_protocol echo_protocol;

/* For net_options: an exchange is a C string with the account. */
struct ms_str echo_account_of(struct ms_exchange *exchange);

#endif
