#include "commands/command.h"

#include "base/reason.h"

#include <stdarg.h>
#include <stdio.h>

static void tell(const struct command *command, const char *format, va_list list)
{
	char text[sizeof(((struct reason *)0)->text)];
	struct reason why;
	(void)vsnprintf(text, sizeof(text), format, list);
	(void)reason_set(&why, "%s", text); /* nothing in it steers a terminal */
	(void)fprintf(stderr, "mailwarden %s: %s\n", command->name, why.text);
}

int command_misused(const struct command *command, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	tell(command, format, list);
	va_end(list);
	(void)fprintf(stderr, "Try 'mailwarden %s --help'.\n", command->name);
	return COMMAND_USAGE;
}

int command_failed(const struct command *command, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	tell(command, format, list);
	va_end(list);
	return COMMAND_RUNTIME;
}
