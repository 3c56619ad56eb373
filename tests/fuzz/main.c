/* SPDX-License-Identifier: ISC */
/*
 * main.c - runs a fuzz target over the files of a corpus directory
 *
 * For the ordinary test run; libFuzzer brings a main of its own.  Besides
 * each file as it is, the target sees every prefix of small ones and each
 * with one octet changed: cheap, and it has found what the files alone did not.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE	(1 << 20)
#define SMALL		512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
give(const uint8_t *data, size_t size)
{
	/* A block of the exact size, so that a read past the end is seen. */
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
run_file(const char *path)
{
	static uint8_t data[MAX_FILE];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return;
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	give(data, n);
	if (n > SMALL)
		return;
	for (size_t i = 0; i < n; i++) {
		uint8_t kept = data[i];

		give(data, i);
		data[i] = (uint8_t)(kept ^ (1u << (i % 8)));
		give(data, n);
		data[i] = kept;
	}
}

int
main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *e;

		if (dir == NULL) {
			fprintf(stderr, "no corpus at %s\n", argv[i]);
			return 1;
		}
		while ((e = readdir(dir)) != NULL) {
			char path[4096];

			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
			run_file(path);
			n++;
		}
		closedir(dir);
	}
	if (n == 0) {
		fprintf(stderr, "the corpus is empty\n");
		return 1;
	}
	printf("%u files\n", n);
	return 0;
}
