/* SPDX-License-Identifier: ISC */
/* fuzz_imap_session.c - whole sessions: what a client sends after its login */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/mock.h>

#include "memstore.h"

#define ANN	"ann@example.org"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const struct ms_plugin *imap_LTX_ms_plugin_entry(void);

static const char mail[] =
    "From: Bob <bob@example.net>\r\nSubject: x\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nz\r\n"
    "--b--\r\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_mock *m = ms_mock_new(imap_LTX_ms_plugin_entry());
	struct ms_mock *store = ms_mock_beside(m, &memstore_plugin);
	struct ms_mock_session *s;

	ms_mock_backend(m, "mailbox", "mail", (struct ms_backend){
	    &memstore_mailbox, ms_mock_create(store) });
	ms_mock_option(m, "search-limit", "1s");
	ms_mock_option(m, "max-size", "64KiB");
	ms_mock_login(m, "ann", "secret", ANN);
	ms_mock_fact(m, "tls.version", "1.3");
	(void)ms_mock_create(m);
	s = ms_mock_connect(m);
	ms_mock_send_c(s, "l LOGIN ann secret\r\nl SELECT INBOX\r\n");
	for (int i = 0; i < 3; i++)
		(void)memstore_deliver(m, ANN, "INBOX", mail);
	ms_mock_send_c(s, "l NOOP\r\n");
	memstore_expunge(m, ANN, "INBOX", 2, 2);
	ms_mock_send(s, ms_str_of((const char *)data, size));
	if (!ms_mock_is_closed(s))
		ms_mock_hang_up(s);
	/* The same without the login. */
	s = ms_mock_connect(m);
	ms_mock_send(s, ms_str_of((const char *)data, size));
	if (!ms_mock_is_closed(s))
		ms_mock_hang_up(s);
	if (memstore_open_accounts() != 0)
		abort();
	memstore_reset();
	if (ms_mock_blobs_held(m) != 0)
		abort();
	ms_mock_free(m);
	return 0;
}
