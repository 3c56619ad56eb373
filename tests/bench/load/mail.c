/* SPDX-License-Identifier: ISC */
/* mail.c - see load.h */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const words[] = {
	"ledger", "harbour", "the", "a", "window", "report", "of", "train",
	"number", "and", "please", "morning", "to", "invoice", "garden", "week",
};

static const char *const subjects[] = {
	"Minutes of Tuesday", "Re: Minutes of Tuesday", "Your invoice",
	"=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_Wien?=", "Fwd: holiday", "Nightly build",
};

#define N(a)	(sizeof(a) / sizeof((a)[0]))

size_t
mail_cap(void)
{
	return (size_t)options.size + 4096;
}

static size_t
fill(char *out, size_t want, uint32_t *seed)
{
	size_t n = 0, column = 0;

	while (n < want) {
		const char *w;
		size_t len;

		*seed = *seed * 1664525u + 1013904223u;
		w = words[*seed >> 28];
		len = strlen(w);
		memcpy(out + n, w, len);
		n += len;
		column += len + 1;
		if (column > 66) {
			memcpy(out + n, "\r\n", 2);
			n += 2;
			column = 0;
		} else {
			out[n++] = ' ';
		}
	}
	memcpy(out + n, "\r\n", 2);
	return n + 2;
}

static size_t
head(char *out, size_t cap, long i, const char *to)
{
	int n = snprintf(out, cap,
	    "Received: from client%ld.example.net (client%ld.example.net [198.51.100.7])\r\n"
	    "\tby relay.example.org with ESMTPS id %08lx; Mon, 2 Mar 2026 10:%02ld:%02ld +0000\r\n"
	    "From: \"Sender No. %ld\" <sender%ld@example.org>\r\n"
	    "To: <%s>\r\n"
	    "Cc: Another Reader <reader%ld@example.net>\r\n"
	    "Subject: %s %ld\r\n"
	    "Date: Mon, 2 Mar 2026 10:%02ld:%02ld +0000\r\n"
	    "Message-ID: <load.%ld.%ld@example.org>\r\n"
	    "In-Reply-To: <load.%ld@example.org>\r\n"
	    "MIME-Version: 1.0\r\n", i % 50, i % 50, (unsigned long)i, i / 60 % 60,
	    i % 60, i % 89, i % 89, to, i % 17, subjects[(size_t)i % N(subjects)], i,
	    i / 60 % 60, i % 60, i, (long)getpid(), i / 4);

	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

size_t
mail_make(char *out, long number, const char *to)
{
	size_t cap = mail_cap(), n = head(out, cap, number, to), want;
	uint32_t seed = (uint32_t)number + 1;

	want = (size_t)options.size > n + 400 ? (size_t)options.size - n - 100 : 300;
	if (number % 3 != 0) {
		n += (size_t)snprintf(out + n, cap - n,
		    "Content-Type: text/plain; charset=utf-8\r\n\r\n");
		return n + fill(out + n, want, &seed);
	}
	want = want > 500 ? (want - 250) / 2 : 100;
	n += (size_t)snprintf(out + n, cap - n,
	    "Content-Type: multipart/mixed; boundary=\"part%ld\"\r\n\r\n--part%ld\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n\r\n", number, number);
	n += fill(out + n, want, &seed);
	n += (size_t)snprintf(out + n, cap - n, "--part%ld\r\n"
	    "Content-Type: application/octet-stream; name=\"file%ld.bin\"\r\n"
	    "Content-Disposition: attachment; filename=\"file%ld.bin\"\r\n\r\n", number,
	    number, number);
	n += fill(out + n, want, &seed);
	n += (size_t)snprintf(out + n, cap - n, "--part%ld--\r\n", number);
	return n;
}
