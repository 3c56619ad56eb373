/* SPDX-License-Identifier: ISC */
#include "pipeline_world.h"

#define MAIL	"From: a@x\r\nX-A: 1\r\nSubject: one\r\n two\r\nX-A: 2\r\n\r\nbody\r\n"

static ms_status
edit(struct ms_message *m, uint32_t how, const char *name, int32_t nth, const char *value)
{
	return message_service.edit_header(m, how, ms_str_c(name), nth, ms_str_c(value), NULL);
}

TestSuite(overlay, .init = world_begin, .fini = world_end);

Test(overlay, leaves_an_untouched_message_alone)
{
	cr_assert_str_eq(content_of(message_of("a@x", "b@y", MAIL)), MAIL);
}

Test(overlay, prepends_above_all_the_last_on_top)
{
	struct ms_message *m = message_of("a@x", "b@y", MAIL);

	cr_assert_eq(edit(m, MS_HEADER_PREPEND, "Received", 0, "first"), MS_OK);
	cr_assert_eq(edit(m, MS_HEADER_PREPEND, "Received", 0, "second"), MS_OK);
	cr_assert_str_eq(content_of(m), "Received: second\r\nReceived: first\r\n" MAIL);
}

Test(overlay, changes_removes_appends_and_inserts_by_number)
{
	struct ms_message *m = message_of("a@x", "b@y", MAIL);

	cr_assert_eq(edit(m, MS_HEADER_CHANGE, "x-a", 1, "new"), MS_OK);
	cr_assert_eq(edit(m, MS_HEADER_REMOVE, "X-A", 0, ""), MS_OK);
	cr_assert_eq(edit(m, MS_HEADER_APPEND, "X-End", 0, "e"), MS_OK);
	cr_assert_eq(edit(m, MS_HEADER_INSERT, "X-Second", 1, "s"), MS_OK);
	cr_assert_str_eq(content_of(m), "From: a@x\r\nX-Second: s\r\nSubject: one\r\n two\r\n"
	    "x-a: new\r\nX-End: e\r\n\r\nbody\r\n");
}

Test(overlay, removes_all_of_a_name_with_minus_one)
{
	struct ms_message *m = message_of("a@x", "b@y", MAIL);

	cr_assert_eq(edit(m, MS_HEADER_PREPEND, "X-A", 0, "0"), MS_OK);
	cr_assert_eq(edit(m, MS_HEADER_REMOVE, "X-A", -1, ""), MS_OK);
	cr_assert_str_eq(content_of(m), "From: a@x\r\nSubject: one\r\n two\r\n\r\nbody\r\n");
	cr_assert_eq(edit(m, MS_HEADER_REMOVE, "X-A", 0, ""), MS_NOTFOUND);
}

static const char *const injections[] = { "a\r\nBcc: x", "a\nBcc: x", "a\rb",
	"a\r\n", "a\r\n\r\nbody", "a\r" };

Test(overlay, refuses_what_would_begin_another_field)
{
	struct ms_message *m = message_of("a@x", "b@y", MAIL);

	for (size_t i = 0; i < sizeof(injections) / sizeof(injections[0]); i++)
		cr_assert_eq(edit(m, MS_HEADER_PREPEND, "X", 0, injections[i]), MS_INVALID,
		    "%zu", i);
	cr_assert_eq(message_service.edit_header(m, MS_HEADER_PREPEND, ms_str_c("X"), 0,
	    ms_str_of("a\0b", 3), NULL), MS_INVALID);
	cr_assert_eq(edit(m, MS_HEADER_PREPEND, "X: y\r\nZ", 0, "v"), MS_INVALID);
	cr_assert_eq(edit(m, MS_HEADER_PREPEND, "", 0, "v"), MS_INVALID);
	cr_assert_eq(edit(m, MS_HEADER_PREPEND, "X", 0, "folded\r\n\tvalue"), MS_OK);
	cr_assert_str_eq(content_of(m), "X: folded\r\n\tvalue\r\n" MAIL);
}

Test(overlay, gives_a_message_without_header_end_none)
{
	struct ms_message *m = message_of("a@x", "b@y", "Subject: no end");

	cr_assert_eq(edit(m, MS_HEADER_APPEND, "X", 0, "1"), MS_OK);
	cr_assert_str_eq(content_of(m), "Subject: no end\r\nX: 1\r\n");
}

Test(overlay, finds_fields_in_both_layers)
{
	struct ms_message *m = message_of("a@x", "b@y", MAIL);
	struct ms_field f;

	edit(m, MS_HEADER_PREPEND, "X-A", 0, "0");
	cr_assert_eq(message_service.header(&scope.pub, m, ms_str_c("x-a"), 0, &f, NULL), MS_OK);
	cr_assert(ms_str_is(ms_str_trim(f.value), "0"));
	cr_assert_eq(message_service.header(&scope.pub, m, ms_str_c("x-a"), 2, &f, NULL), MS_OK);
	cr_assert(ms_str_is(ms_str_trim(f.value), "2"));
	cr_assert_eq(message_service.header(&scope.pub, m, ms_str_c("x-a"), 3, &f, NULL),
	    MS_NOTFOUND);
	cr_assert_eq(message_service.info(m)->n_headers, 5);
}
