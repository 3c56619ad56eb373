/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>

#include "net/endpoint.h"
#include "net/net.h"
#include "net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *)data;
	struct proxy_header h, before;
	struct network n;
	struct endpoint e;
	int how = proxy_parse(ms_str_of(in, size), &h);

	if (how == PROXY_WHOLE && (h.octets > size || h.octets > PROXY_MAX_V2))
		abort();
	/* A header is whole at its last octet and not before it. */
	if (how == PROXY_WHOLE &&
	    (proxy_parse(ms_str_of(in, h.octets), &before) != PROXY_WHOLE ||
	    proxy_parse(ms_str_of(in, h.octets - 1), &before) != PROXY_MORE))
		abort();
	if (how == PROXY_MORE && size >= PROXY_MAX_V2)
		abort();
	if (how == PROXY_MORE && proxy_more(in, size, NULL, 0) == 0)
		abort();
	(void)network_parse(ms_str_of(in, size), &n);
	(void)endpoint_parse(ms_str_of(in, size), &e, NULL);
	return 0;
}
