/* SPDX-License-Identifier: ISC */
/* pipeline.c - ms.pipeline/1 with canned verdicts; ms_mock_judge(), a stage */
#include "internal.h"

#include <stdio.h>

#include <mansio/error.h>

static const int pipeline_kind = 0;

/* What an op of ours carries. */
struct outcome {
	struct world *world;
	uint32_t      at, recipient;
};

static const struct ms_verdict no_opinion = { .size = sizeof(no_opinion) };

static const struct ms_verdict *
find(const struct world *w, uint32_t at, uint32_t recipient)
{
	const struct canned_verdict *v = w->verdicts;

	while (v != NULL && !(v->at == at && v->recipient == recipient))
		v = v->next;
	return v != NULL ? &v->verdict : NULL;
}

static struct ms_op *
outcome_new(const struct ms_scope *scope, uint32_t at, uint32_t recipient,
    ms_status status)
{
	struct world *w = scope_mock(scope)->world;
	struct outcome *o = ms_arena_alloc(w->arena, sizeof(*o));
	struct ms_op *op = op_ended(scope, status, NULL);

	*o = (struct outcome){ w, at, recipient };
	op_set_payload(op, &pipeline_kind, o);
	return op;
}

static ms_status
service_begin(const struct ms_scope *scope, struct ms_session *session,
    struct ms_str pipeline, struct ms_message **message_out, struct ms_error *err)
{
	struct world *w = scope_mock(scope)->world;

	(void)err;
	if (session == NULL && pipeline.len == 0)
		mock_die("a message has neither a session nor a pipeline");
	*message_out = message_new(w, scope_owner(scope), session != NULL ?
	    session->facts : w->facts);
	return MS_OK;
}

static struct ms_op *
service_run(const struct ms_scope *scope, struct ms_session *session,
    struct ms_message *message, uint32_t at, uint32_t recipient)
{
	(void)session;
	if (at == 0 || (at & (at - 1)) != 0 || at > MS_AT_OUTCOME)
		mock_die("run() at %#x, which is no point", (unsigned)at);
	if (message == NULL && at >= MS_AT_MAIL)
		mock_die("run() at %#x without a message", (unsigned)at);
	if (message != NULL)
		(void)mock_message_service.info(message);
	return outcome_new(scope, at, at == MS_AT_RCPT || at == MS_AT_SEND ? recipient :
	    UINT32_MAX, MS_OK);
}

static struct ms_op *
service_submit(const struct ms_scope *scope, struct ms_message *message,
    uint32_t flags)
{
	struct world *w = scope_mock(scope)->world;
	struct submitted **at = &w->submitted;
	const struct ms_verdict *v = find(w, MS_AT_SEND, UINT32_MAX);
	struct ms_str text = message_submit(message);
	ms_status st = MS_OK;

	if (flags & ~(uint32_t)MS_SUBMIT_THROUGH)
		mock_die("submit() with unknown flags %#x", (unsigned)flags);
	if (v != NULL && v->action == MS_DEFER && !(flags & MS_SUBMIT_THROUGH))
		st = MS_TEMPFAIL;
	if (st == MS_OK) {
		while (*at != NULL)
			at = &(*at)->next;
		*at = ms_arena_alloc(w->arena, sizeof(**at));
		(*at)->text = text;
	}
	return outcome_new(scope, MS_AT_SEND, UINT32_MAX, st);
}

static const struct ms_verdict *
service_verdict(const struct ms_op *op, uint32_t number)
{
	const struct outcome *o = op_payload(op, &pipeline_kind);
	const struct ms_verdict *v = NULL;

	if (number == UINT32_MAX)
		number = o->recipient;
	if (number != UINT32_MAX)
		v = find(o->world, o->at, number);
	if (v == NULL || v->action == MS_NO_OPINION)
		v = find(o->world, o->at, UINT32_MAX);
	return v != NULL ? v : &no_opinion;
}

static void
service_drop(struct ms_message *message)
{
	if (message != NULL)
		message_drop(message);
}

const struct ms_pipeline mock_pipeline_service = {
	.size = sizeof(mock_pipeline_service), .begin = service_begin,
	.run = service_run, .submit = service_submit,
	.verdict = service_verdict, .drop = service_drop,
};

/* ---- for tests ---- */

void
ms_mock_verdict(struct ms_mock *m, uint32_t at, uint32_t recipient,
    uint32_t action, uint32_t code, const char *enhanced, const char *text)
{
	struct world *w = m->world;
	struct canned_verdict *v = w->verdicts;

	while (v != NULL && !(v->at == at && v->recipient == recipient))
		v = v->next;
	if (v == NULL) {
		v = ms_arena_alloc(w->arena, sizeof(*v));
		v->next = w->verdicts;
		w->verdicts = v;
	}
	v->at = at;
	v->recipient = recipient;
	v->verdict = (struct ms_verdict){ .size = sizeof(v->verdict), .action = action,
		.code = code };
	snprintf(v->verdict.enhanced, sizeof(v->verdict.enhanced), "%s", enhanced);
	snprintf(v->verdict.text, sizeof(v->verdict.text), "%s", text);
	snprintf(v->verdict.label, sizeof(v->verdict.label), "canned");
}

uint32_t
ms_mock_n_submitted(struct ms_mock *m)
{
	uint32_t n = 0;

	for (const struct submitted *s = m->world->submitted; s != NULL; s = s->next)
		n++;
	return n;
}

struct ms_str
ms_mock_submitted(struct ms_mock *m, uint32_t i)
{
	const struct submitted *s = m->world->submitted;

	while (s != NULL && i-- > 0)
		s = s->next;
	if (s == NULL)
		mock_die("so many messages were not submitted");
	return s->text;
}

/* ---- a stage ---- */

static void
check_verdict(const struct ms_verdict *v)
{
	if (v->action > MS_HANG_UP)
		mock_die("the filter's verdict has the unknown action %u",
		    (unsigned)v->action);
	if (memchr(v->text, '\0', sizeof(v->text)) == NULL ||
	    memchr(v->label, '\0', sizeof(v->label)) == NULL ||
	    memchr(v->enhanced, '\0', sizeof(v->enhanced)) == NULL)
		mock_die("a text of the filter's verdict has no end");
	if (v->code != 0 && ((v->action == MS_DEFER && v->code / 100 != 4) ||
	    (v->action == MS_REJECT && v->code / 100 != 5)))
		mock_die("the filter's verdict has the action %u and the code %u",
		    (unsigned)v->action, (unsigned)v->code);
	if (v->delay_us < 0)
		mock_die("the filter's verdict has a delay of the past");
}

ms_status
ms_mock_judge(struct ms_mock *m, uint32_t at, struct ms_message *message,
    uint32_t recipient, struct ms_verdict *verdict_out)
{
	const struct ms_filter *filter = m->plugin->interface(MS_FILTER_ID);
	struct ms_instance *self = ms_mock_instance(m);
	struct ms_error err = MS_ERROR_INIT;
	void *state = NULL;
	const struct ms_look look = { .size = sizeof(look), .at = at,
		.session = m->world->facts, .message = message, .recipient = recipient,
		.verdict = verdict_out, .state = &state };
	const struct ms_filter_plan *plan;
	ms_status st;

	if (filter == NULL)
		mock_die("the plugin %s does not offer " MS_FILTER_ID, m->plugin->name);
	plan = filter->plan(self);
	if (!(plan->at & at))
		mock_die("the filter's plan does not ask for the point %#x", (unsigned)at);
	*verdict_out = no_opinion;
	m->world->judging = plan;
	st = filter->judge(self, ms_mock_scope(m, 0), &look, &err);
	m->world->judging = NULL;
	check_verdict(verdict_out);
	if (st != MS_OK && err.text[0] == '\0')
		mock_die("judge() failed and does not say why");
	if (state != NULL) {
		if (!MS_HAS(filter, forget))
			mock_die("the filter keeps a state and has no forget()");
		filter->forget(self, state);
	}
	return st;
}
