/* SPDX-License-Identifier: ISC */
/*
 * config.h - a plugin's own section of the configuration, parsed and checked
 *
 * Types, ranges, choices and references were checked against the declared
 * options before create() is called, so an accessor can only fail by the
 * plugin's own mistake (a name it did not declare): that aborts under the
 * conformance kit and yields zero elsewhere.  The section and its strings
 * live until destroy(), being the snapshot's; a reload makes a new instance.
 */
#ifndef MANSIO_CONFIG_H
#define MANSIO_CONFIG_H

#include <mansio/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_CONFIG_ID "ms.config/1"
struct ms_config_api {
	uint32_t size;
	/* [any] The section's title, "" without one. */
	struct ms_str (*title)(const struct ms_config *);
	/* [any] The instance's own directory, private to it, NUL-terminated; it is
	   there from start() on, also for an isolated one. */
	const char *(*directory)(const struct ms_config *);
	/* [any] STRING and CHOICE; element i of a STRING_LIST (len 0 and data
	   NULL past its end). */
	struct ms_str (*string)(const struct ms_config *, const char *name,
	    uint32_t i);
	/* [any] INT, BOOL (0, 1), SIZE (octets), DURATION (us), RATE (count). */
	int64_t (*number)(const struct ms_config *, const char *name);
	/* [any] The span of a RATE, in microseconds. */
	int64_t (*span_us)(const struct ms_config *, const char *name);
	/* [any] The i-th nested section, NULL past the last. */
	const struct ms_config *(*section)(const struct ms_config *,
	    const char *name, uint32_t i);
	/* [main] The instance that a BACKEND option names.  Callable from
	   start() on.  MS_NOTFOUND: the option is empty. */
	ms_status (*backend)(const struct ms_config *, const char *name,
	    struct ms_backend *backend_out, struct ms_error *);
	/* [main] Refuses a value: writes file, line and option before the text
	   and returns MS_INVALID, for `return config->refuse(...)`. */
	ms_status (*refuse)(const struct ms_config *, const char *name,
	    const char *text, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
