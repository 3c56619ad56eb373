/* SPDX-License-Identifier: ISC */
/*
 * command.h - the command line: `mansio NOUN VERB ...`
 */
#ifndef CORE_COMMAND_COMMAND_H
#define CORE_COMMAND_COMMAND_H

/* The exit status: 0 done, 1 it failed or what was looked at is wrong, 2 it
   could not be tried (usage, no server, no right). */
int command_main(int argc, char **argv);

#endif
