/* SPDX-License-Identifier: ISC */
/* run.c - see suite.h: all checks, each on a queue of its own */
#include <stdio.h>

#include "suite.h"

static void
run_check(struct suite *s, const struct check *c, const struct ms_plugin *plugin,
    void (*configure)(struct ms_mock *))
{
	if (setjmp(s->stop) == 0) {
		suite_begin(s, plugin, configure);
		c->run(s);
		EXPECT_NUMBER(s, ms_mock_blobs_held(s->mock), 0);
	}
	suite_end(s);
}

int
conformance_queue(const struct ms_plugin *plugin, void (*configure)(struct ms_mock *),
    const char *only)
{
	static const struct check *const all[] = { message_checks, part_checks,
		chain_checks, list_checks, model_checks };
	static struct suite s;
	int failed = 0, n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct check *c = all[i]; c->name != NULL; c++) {
			if (only != NULL && strstr(c->name, only) == NULL)
				continue;
			run_check(&s, c, plugin, configure);
			failed += s.why[0] != '\0';
			printf("%s %d - %s\n", s.why[0] == '\0' ? "ok" : "not ok", ++n, c->name);
			if (s.why[0] != '\0')
				printf("# %s\n", s.why);
			fflush(stdout);
		}
	printf("1..%d\n", n);
	return failed;
}
