/* SPDX-License-Identifier: ISC */
/* command.c - a command's memory, its waits and its jobs, see session.h */
#include <stdlib.h>

#include <mansio/str.h>

#include "respond.h"
#include "session.h"

struct command *
command_new(struct session *s)
{
	struct command *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->session = s;
	c->arena = ms_arena_new(IMAP_COMMAND_BUDGET);
	c->input = (struct ms_buf)MS_BUF_MAX(s->in_second_life ?
	    IMAP_MAX_COMMAND : IMAP_MAX_COMMAND_FRESH);
	c->out = (struct ms_buf)MS_BUF_MAX(IMAP_MAX_OUTPUT);
	c->parse.arena = c->arena;
	s->command = c;
	return c;
}

void
command_free(struct command *c)
{
	struct ms_instance *self;

	if (c == NULL)
		return;
	self = c->session->self;
	/* Jobs lie in the arena: they must not go while the store works. */
	while (c->op != NULL && c->op_has_jobs && !self->op->is_done(c->op))
		(void)self->op->await(self->session->scope(c->session->peer),
		    c->op, NULL);
	self->op->drop(c->op);
	if (c->exchange != NULL)
		self->auth->drop(c->exchange);
	if (c->verb != NULL && c->verb->release != NULL && c->state != NULL)
		c->verb->release(c);
	ms_buf_free(&c->input);
	ms_buf_free(&c->out);
	ms_arena_free(c->page);
	ms_arena_free(c->arena);
	c->session->command = NULL;
	free(c);
}

struct ms_scope
command_page(struct command *c)
{
	struct ms_scope scope = *c->scope;

	if (c->page == NULL)
		c->page = ms_arena_new(IMAP_PAGE_BUDGET);
	else
		ms_arena_reset(c->page);
	scope.size = sizeof(scope);
	scope.arena = c->page;
	return scope;
}

struct ms_scope
command_scope(struct command *c)
{
	struct ms_scope scope = *c->scope;

	scope.size = sizeof(scope);
	scope.arena = c->arena;
	return scope;
}

int64_t
session_patience_us(const struct session *s)
{
	return s->in_second_life ? s->self->idle_timeout_us :
	    s->self->login_timeout_us;
}

enum progress
command_wait_output(struct command *c)
{
	respond_flush(c);
	c->wait->what = MS_WAIT_OUTPUT;
	c->wait->timeout_us = c->session->self->output_timeout_us;
	return PROGRESS_WAIT;
}

enum progress
command_wait_line(struct command *c, uint32_t line_max)
{
	respond_flush(c);
	c->wait->what = MS_WAIT_LINE;
	c->wait->line_max = line_max;
	c->wait->timeout_us = session_patience_us(c->session);
	return PROGRESS_WAIT;
}

bool
command_wait_op(struct command *c, struct ms_op *op)
{
	c->op = op;
	if (c->session->self->op->is_done(op))
		return true;
	respond_flush(c);
	c->wait->what = MS_WAIT_OP;
	c->wait->ops = &c->op;
	c->wait->n_ops = 1;
	c->wait->timeout_us = session_patience_us(c->session);
	return false;
}

void
command_drop_commit(struct command *c)
{
	if (c->op == NULL || !c->op_has_jobs)
		return;
	c->session->self->op->drop(c->op);
	c->op = NULL;
	c->op_has_jobs = false;
}

bool
command_commit(struct command *c, struct ms_job *const *jobs, size_t n)
{
	struct ms_instance *self = c->session->self;

	c->op_has_jobs = true;
	if (!command_wait_op(c, self->commit->start(c->scope, self->backend,
	    jobs, n)))
		return false;
	command_drop_commit(c);
	return true;
}

void
command_job(struct command *c, struct ms_job *job, uint32_t type, size_t size)
{
	struct ms_error *err = ms_arena_alloc(c->arena, sizeof(*err));

	err->size = sizeof(*err);
	*job = (struct ms_job){
		.size = (uint32_t)size, .type = type, .status = MS_TEMPFAIL,
		.key = ms_str_c(c->session->account_name), .error = err,
		.arena = c->arena,
	};
}
