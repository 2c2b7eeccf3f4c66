#include "base/schema.h"

#include "base/environment.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static size_t index_of(const struct schema_values *values, const char *name)
{
	size_t i = 0;
	while (values->keys[i].name && strcmp(values->keys[i].name, name) != 0) {
		i++;
	}
	assert(values->keys[i].name);
	return i;
}

const char *schema_text(const struct schema_values *values, const char *name)
{
	const size_t i = index_of(values, name);
	return values->list[i].count > 0 ? values->list[i].texts[0]
					 : values->keys[i].standard;
}

uint64_t schema_number(const struct schema_values *values, const char *name)
{
	const char *text = schema_text(values, name);
	assert(text);
	return strtoull(text, NULL, 10);
}

bool schema_is(const struct schema_values *values, const char *name)
{
	const char *text = schema_text(values, name);
	return text && (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0);
}

size_t schema_count(const struct schema_values *values, const char *name)
{
	const size_t i = index_of(values, name);
	const size_t count = values->list[i].count;
	return count == 0 && values->keys[i].standard ? 1 : count;
}

const char *schema_item(
	const struct schema_values *values, const char *name, size_t index)
{
	const size_t i = index_of(values, name);
	return index < values->list[i].count ? values->list[i].texts[index]
					     : values->keys[i].standard;
}

const char *schema_mapped(
	const struct schema_values *values, const char *name, const char *from)
{
	const struct schema_value *value = &values->list[index_of(values, name)];
	for (size_t i = 0; i + 1 < value->count; i += 2) {
		if (strcmp(value->texts[i], from) == 0) {
			return value->texts[i + 1];
		}
	}
	return NULL;
}

/* Without its end. False, and nothing kept, when it is empty or goes on. */
static bool keep_line(char *secret, size_t size, FILE *in)
{
	const size_t len = strcspn(secret, "\r\n");
	if (len == 0 || (secret[len] == '\0' && fgetc(in) != EOF)) {
		explicit_bzero(secret, size);
		return false;
	}
	secret[len] = '\0';
	return true;
}

/* The first line; a secret that everybody may read is none. */
static bool read_file(const char *path, char *secret, size_t size, struct reason *why)
{
	FILE *in = fopen(path, "re");
	struct stat status;
	if (!in) {
		return reason_set(why, "%.150s: %s", path, strerror(errno));
	}
	bool is_read = false;
	(void)setvbuf(in, NULL, _IONBF, 0); /* no copy of it elsewhere in memory */
	if (fstat(fileno(in), &status) != 0 || (status.st_mode & S_IROTH) != 0) {
		(void)reason_set(
			why, "%.150s: everybody may read it; chmod o= it", path);
	} else if (!fgets(secret, (int)size, in)) {
		(void)reason_set(why, "%.150s: holds no secret", path);
	} else {
		is_read = keep_line(secret, size, in) ||
			  reason_set(why, "%.150s: is empty or too long", path);
	}
	(void)fclose(in);
	return is_read;
}

bool schema_secret(const struct schema_values *values, const char *name, char *secret,
	size_t size, struct reason *why)
{
	const struct schema_value *value = &values->list[index_of(values, name)];
	secret[0] = '\0';
	if (value->count == 0) {
		return true;
	}
	if (strcmp(value->texts[0], "_file") == 0) {
		return read_file(value->texts[1], secret, size, why);
	}
	return environment_read(value->texts[1], secret, size, why);
}

bool schema_take_secrets(const struct schema_values *values, struct reason *why)
{
	bool is_taken = true;
	for (size_t i = 0; values->keys[i].name && is_taken; i++) {
		const struct schema_value *value = &values->list[i];
		if (values->keys[i].kind == SCHEMA_SECRET && value->count > 0 &&
			strcmp(value->texts[0], "_env") == 0) {
			is_taken = environment_take(value->texts[1], why);
		}
	}
	return is_taken;
}
