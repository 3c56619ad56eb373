/* SPDX-License-Identifier: ISC */
#include <mansio/date.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_str s = input_str(data, size);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
	int64_t us, again;
	int32_t zone, zone_again;

	/* What was read can be written, and reads the same. */
	if (ms_date_parse(s, &us, &zone)) {
		ms_date_add(&b, us, zone);
		must(ms_date_parse(ms_buf_str(&b), &again, &zone_again));
		must(again == us && zone_again == zone);
		ms_buf_reset(&b);
	}
	if (ms_date_parse_imap(s, &us, &zone)) {
		ms_date_add_imap(&b, us, zone);
		must(ms_date_parse_imap(ms_buf_str(&b), &again, &zone_again));
		must(again == us && zone_again == zone);
	}
	(void)ms_date_parse_imap_day(s, &us);
	return 0;
}
