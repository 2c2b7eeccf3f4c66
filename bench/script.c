#include "script.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void script_clear(
	struct script *script, struct random *random, const struct sizes *sizes)
{
	script->random = random;
	script->sizes = sizes;
	script->pause_us = 0;
	script->step_count = 0;
	script->text_len = 0;
}

void script_borrow(struct script *script, enum side side, const void *bytes, size_t len)
{
	assert(script->step_count < SCRIPT_STEPS_MAX);
	struct step *step = &script->steps[script->step_count++];

	step->bytes = bytes;
	step->len = (uint32_t)len;
	step->pause_us = script->pause_us;
	step->side = side;
	script->pause_us = 0;
}

uint8_t *script_reserve(struct script *script, size_t len)
{
	assert(len <= SCRIPT_TEXT_MAX - script->text_len);
	return script->text + script->text_len;
}

void script_keep(struct script *script, enum side side, size_t len)
{
	assert(len <= SCRIPT_TEXT_MAX - script->text_len);
	script_borrow(script, side, script->text + script->text_len, len);
	script->text_len += len;
}

void script_say(struct script *script, enum side side, const char *format, ...)
{
	const size_t room = SCRIPT_TEXT_MAX - script->text_len;
	va_list arguments;

	va_start(arguments, format);
	const int len = vsnprintf(
		(char *)script->text + script->text_len, room, format, arguments);
	va_end(arguments);
	assert(len > 0 && (size_t)len < room);
	script_keep(script, side, (size_t)len);
}

void script_pause(struct script *script, uint32_t pause_us)
{
	script->pause_us = pause_us;
}
