/* SPDX-License-Identifier: ISC */
/* command.c - see command.h */
#include "command/command.h"

#include <stdio.h>
#include <string.h>

#include "process/server.h"

int
command_main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		return server_run(argv[3], NULL);
	fprintf(stderr, "usage: mansio serve -c FILE\n");
	return 2;
}
