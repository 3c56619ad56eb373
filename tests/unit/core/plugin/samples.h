/* SPDX-License-Identifier: ISC */
/* samples.h - where the sample plugins are, for tests of core/plugin */
#ifndef TESTS_CORE_PLUGIN_SAMPLES_H
#define TESTS_CORE_PLUGIN_SAMPLES_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static inline const char *
samples_directory(void)
{
	static char path[4096];
	const char *build = getenv("MANSIO_BUILD");

	if (build == NULL)
		cr_skip("MANSIO_BUILD is not set");
	snprintf(path, sizeof(path), "%s/tests/unit/core/plugin", build);
	return path;
}

#endif
