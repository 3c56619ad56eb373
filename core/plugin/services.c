/* SPDX-License-Identifier: ISC */
/* services.c - see services.h */
#include "plugin/services.h"

#include <stdlib.h>
#include <string.h>

static struct {
	const char *id;
	const void *table;
} services[SERVICES_MAX];
static unsigned n_services;

void
services_add(const char *id, const void *table)
{
	for (unsigned i = 0; i < n_services; i++)
		if (strcmp(services[i].id, id) == 0) {
			services[i].table = table;
			return;
		}
	if (n_services == SERVICES_MAX)
		abort();
	services[n_services].id = id;
	services[n_services++].table = table;
}

const void *
services_get(const char *id)
{
	for (unsigned i = 0; i < n_services; i++)
		if (strcmp(services[i].id, id) == 0)
			return services[i].table;
	return NULL;
}

bool
services_has(const char *id)
{
	return services_get(id) != NULL;
}

void
services_clear(void)
{
	n_services = 0;
}
