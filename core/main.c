/* SPDX-License-Identifier: ISC */
/* main.c - mansio(8): one program, its verbs are in command/ */
#include "command/command.h"

int
main(int argc, char **argv)
{
	return command_main(argc, argv);
}
