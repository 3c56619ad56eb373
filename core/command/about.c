/* SPDX-License-Identifier: ISC */
/* about.c - status, plugin and config: what there is; see verb.h */
#include "command/verb.h"

#include <stdio.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/metrics.h"
#include "config/section.h"
#include "net/net.h"
#include "pipeline/runner.h"
#include "plugin/describe.h"
#include "plugin/loader.h"
#include "plugin/services.h"
#include "process/wiring.h"

#define MANUAL_MAX	(4 * 1024 * 1024)

static void
add_counter(void *arg, const char *name, const char *labels, int64_t value)
{
	struct ms_json *j = arg;
	char full[300];

	snprintf(full, sizeof(full), "%s%s%s%s", name, labels[0] != '\0' ? "{" : "", labels,
	    labels[0] != '\0' ? "}" : "");
	ms_json_i64(j, full, value);
}

ms_status
status_run(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	struct row row;

	(void)scope, (void)r;
	row_begin(&row);
	ms_json_c(&row.json, "version", MANSIO_VERSION);
	ms_json_c(&row.json, "config", h->config->path);
	ms_json_c(&row.json, "data-dir", h->data_dir);
	ms_json_c(&row.json, "workers", "single");
	ms_json_u64(&row.json, "connections", net_connections());
	ms_json_u64(&row.json, "delivering", runner_busy());
	metrics_each(add_counter, &row.json);
	return row_end(&row, out, err);
}

/* With a config its loader; without one, a loader of our own. */
static struct loader *
loader_of(struct host *h, struct loader **own_out)
{
	*own_out = NULL;
	if (h != NULL && h->loader != NULL)
		return h->loader;
	wiring_services();
	*own_out = loader_new(NULL);
	return *own_out;
}

ms_status
plugin_run_list(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	struct loader *own, *l = loader_of(h, &own);
	const char *name;
	ms_status st = MS_OK;

	(void)scope, (void)r;
	for (uint32_t i = 0; st == MS_OK && (name = loader_known(l, i)) != NULL; i++) {
		const struct ms_plugin *p;
		struct ms_error e = MS_ERROR_INIT;
		struct ms_buf kinds = MS_BUF_MAX(1024);
		struct row row;

		row_begin(&row);
		ms_json_c(&row.json, "plugin", name);
		if (loader_open(l, name, NULL, &p, &e) == MS_OK) {
			describe_kinds(p, &kinds);
			ms_json_str(&row.json, "kind", ms_buf_str(&kinds));
			ms_json_c(&row.json, "version", p->version);
			ms_json_c(&row.json, "summary", p->summary);
		} else {
			ms_json_c(&row.json, "refused", e.text);
		}
		ms_buf_free(&kinds);
		st = row_end(&row, out, err);
	}
	loader_free(own);
	return st;
}

ms_status
plugin_run_show(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	struct ms_str name = request_argument(r, 0);
	struct loader *own, *l = loader_of(h, &own);
	struct ms_buf text = MS_BUF_MAX(MANUAL_MAX);
	const struct ms_plugin *p;
	char copy[4096];
	bool is_path;
	ms_status st;

	(void)scope;
	if (name.len == 0 || name.len >= sizeof(copy)) {
		loader_free(own);
		return ms_error_set(err, MS_INVALID, "", "plugin show: which one?");
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)name.len, name.data);
	is_path = strchr(copy, '/') != NULL;
	if (is_path) {
		char *base = strrchr(copy, '/') + 1, plugin[256];

		snprintf(plugin, sizeof(plugin), "%.*s", (int)strcspn(base, "."), base);
		st = loader_open(l, plugin, copy, &p, err);
	} else {
		st = loader_open(l, copy, NULL, &p, err);
	}
	if (st == MS_OK && r->as_json) {
		struct ms_json j = ms_json_to(&text);

		st = describe_plugin_json(p, loader_path(l, p), &j, err);
		if (st == MS_OK && !out->row(out, ms_buf_str(&text)))
			st = ms_error_set(err, MS_CANCELLED, "", "nobody reads the answer");
	} else if (st == MS_OK) {
		st = describe_plugin(p, loader_path(l, p), request_has(r, "all"), &text, err);
		if (st == MS_OK)
			st = row_text(out, ms_buf_str(&text), err);
	}
	ms_buf_free(&text);
	loader_free(own);
	return st;
}

ms_status
plugin_run_manual(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	const struct ms_plugin *plugins[256];
	struct loader *own, *l = loader_of(h, &own);
	struct ms_buf text = MS_BUF_MAX(MANUAL_MAX);
	const char *name;
	size_t n = 0;
	ms_status st;

	(void)scope, (void)r;
	for (uint32_t i = 0; (name = loader_known(l, i)) != NULL && n < 256; i++)
		if (loader_open(l, name, NULL, &plugins[n], err) == MS_OK)
			n++;
	st = describe_manual(plugins, n, &text, err);
	if (st == MS_OK)
		st = row_text(out, ms_buf_str(&text), err);
	ms_buf_free(&text);
	loader_free(own);
	return st;
}

ms_status
config_run_show(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	struct ms_buf text = MS_BUF_MAX(MANUAL_MAX);
	ms_status st;

	(void)scope;
	config_show(h->config, request_has(r, "all"), &text);
	st = row_text(out, ms_buf_str(&text), err);
	ms_buf_free(&text);
	return st;
}

/* "limits.threads", "hostname": a plugin's option if there is a plugin of that
   name. */
ms_status
config_run_explain(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	struct ms_str what = request_argument(r, 0);
	struct loader *own, *l;
	struct ms_buf text = MS_BUF_MAX(MANUAL_MAX);
	const struct ms_plugin *p = NULL;
	char name[512], option[512];
	size_t dot;
	ms_status st;

	(void)scope;
	if (what.len == 0 || what.len >= sizeof(name))
		return ms_error_set(err, MS_INVALID, "", "config explain: which option?");
	l = loader_of(h, &own);
	dot = ms_str_find_octet(what, '.');
	snprintf(name, sizeof(name), "%.*s", (int)(dot != SIZE_MAX ? dot : what.len), what.data);
	snprintf(option, sizeof(option), "%.*s", (int)what.len, what.data);
	if (dot != SIZE_MAX && loader_open(l, name, NULL, &p, NULL) == MS_OK)
		snprintf(option, sizeof(option), "%.*s", (int)(what.len - dot - 1),
		    what.data + dot + 1);
	else
		p = NULL;
	st = describe_option(p, option, &text, err);
	if (st == MS_OK)
		st = row_text(out, ms_buf_str(&text), err);
	ms_buf_free(&text);
	loader_free(own);
	return st;
}
