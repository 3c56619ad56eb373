/* SPDX-License-Identifier: ISC */
/* password_input.c - see password_input.h */
#include "command/password_input.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <mansio/error.h>

static ms_status
read_first_line(FILE *f, char *out, struct ms_error *err)
{
	size_t n;

	if (fgets(out, PASSWORD_INPUT_MAX + 1, f) == NULL)
		return ms_error_set(err, MS_INVALID, "", "there is no password");
	n = strlen(out);
	if (n == PASSWORD_INPUT_MAX && out[n - 1] != '\n')
		return ms_error_set(err, MS_INVALID, "", "the password is too long");
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
		out[--n] = '\0';
	return n > 0 ? MS_OK : ms_error_set(err, MS_INVALID, "", "the password is empty");
}

static ms_status
ask(const char *prompt, char *out, struct ms_error *err)
{
	struct termios old, quiet;
	bool is_terminal = tcgetattr(STDIN_FILENO, &old) == 0;
	ms_status st;

	fprintf(stderr, "%s", prompt);
	fflush(stderr);
	if (is_terminal) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	st = read_first_line(stdin, out, err);
	if (is_terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fprintf(stderr, "\n");
	}
	return st;
}

ms_status
password_input(const char *file, char *out, struct ms_error *err)
{
	char again[PASSWORD_INPUT_MAX + 1];
	ms_status st;
	FILE *f;

	if (file == NULL) {
		st = ask("Password: ", out, err);
		if (st != MS_OK || !isatty(STDIN_FILENO))
			return st;
		st = ask("Again: ", again, err);
		if (st == MS_OK && strcmp(out, again) != 0)
			st = ms_error_set(err, MS_INVALID, "", "the two differ");
		explicit_bzero(again, sizeof(again));
		return st;
	}
	f = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	if (f == NULL)
		return ms_error_errno(err, "open %s", file);
	st = read_first_line(f, out, err);
	if (f != stdin)
		fclose(f);
	return st;
}
