/* SPDX-License-Identifier: ISC */
/*
 * fuzz_smtp_session.c - whole sessions: any octets, in pieces of any size
 *
 * The first octet chooses the listener (submission or not, who is logged in);
 * the rest is sent as it is.  An octet 0xff cuts the input into two
 * segments.  Whatever is said, each reply must be a reply.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/mock.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 5321 4.2: code, "-" or blank, printable text, CRLF. */
static void
must_be_replies(struct ms_str s)
{
	while (s.len > 0) {
		size_t end = ms_str_find(s, ms_str_c("\r\n"));

		if (end == SIZE_MAX || end < 4 || end > 4096)
			abort();
		for (size_t i = 0; i < end; i++)
			if ((unsigned char)s.data[i] < ' ' ||
			    (unsigned char)s.data[i] > '~' ||
			    (i < 3 && (s.data[i] < '0' || s.data[i] > '9')))
				abort();
		if (s.data[3] != ' ' && s.data[3] != '-')
			abort();
		s = ms_str_from(s, end + 2);
	}
}

static void
talk(struct ms_mock_session *s, struct ms_str in)
{
	must_be_replies(ms_mock_sent(s));
	while (in.len > 0 && !ms_mock_is_closed(s)) {
		size_t cut = ms_str_find_octet(in, '\xff');

		ms_mock_send(s, ms_str_sub(in, 0, cut));
		must_be_replies(ms_mock_sent(s));
		if (cut == SIZE_MAX)
			break;
		in = ms_str_from(in, cut + 1);
	}
	if (!ms_mock_is_closed(s))
		ms_mock_hang_up(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned how = size > 0 ? data[0] : 0;
	struct ms_mock *mock;

	if (size == 0)
		return 0;
	mock = ms_mock_new(ms_plugin_entry());
	ms_mock_fact(mock, "server.hostname", "mx.example.org");
	if (how & 1)
		ms_mock_option(mock, "submission", "yes");
	if (how & 2)
		ms_mock_fact(mock, "tls.version", "TLSv1.3");
	ms_mock_option(mock, "max-size", "64KiB");
	ms_mock_login(mock, "ann", "secret", "ann@example.org");
	(void)ms_mock_create(mock);
	talk(ms_mock_connect(mock), ms_str_of((const char *)data + 1, size - 1));
	if (ms_mock_blobs_held(mock) != 0)
		abort();
	ms_mock_free(mock);
	return 0;
}
