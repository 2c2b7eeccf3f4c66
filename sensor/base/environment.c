#include "base/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TAKEN_MAX 64

extern char **environ;

struct taken {
	const char *name;
	off_t place;
	size_t len;
};

static struct taken list[TAKEN_MAX];
static size_t count;
static off_t end;
static int file; /* 0: none yet */

static const struct taken *find(const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0) {
			return &list[i];
		}
	}
	return NULL;
}

/* Also where it stands twice; proc(5) shows these very bytes as the environment. */
static void wipe(const char *name)
{
	const size_t len = strlen(name);
	for (char **entry = environ; *entry; entry++) {
		if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=') {
			explicit_bzero(*entry + len + 1, strlen(*entry + len + 1));
		}
	}
	(void)unsetenv(name);
}

static bool keep(const char *value, size_t len)
{
	if (file == 0) {
		file = memfd_create("secrets", MFD_CLOEXEC);
	}
	return file > 0 && pwrite(file, value, len, end) == (ssize_t)len;
}

bool environment_take(const char *name, struct reason *why)
{
	const char *value = getenv(name);
	if (!value || find(name)) {
		return true;
	}
	if (count == TAKEN_MAX) {
		return reason_set(why, "more than %d secrets in variables", TAKEN_MAX);
	}
	const size_t len = strlen(value);
	if (!keep(value, len)) {
		return reason_set(why, "variable %.100s cannot be taken: %s", name,
			strerror(errno));
	}
	list[count++] = (struct taken){.name = name, .place = end, .len = len};
	end += (off_t)len;
	wipe(name);
	return true;
}

static bool read_taken(const struct taken *taken, char *value)
{
	const ssize_t len = pread(file, value, taken->len, taken->place);
	value[taken->len] = '\0';
	return len == (ssize_t)taken->len;
}

bool environment_read(const char *name, char *value, size_t size, struct reason *why)
{
	const struct taken *taken = find(name);
	const char *text = taken ? NULL : getenv(name);
	const size_t len = taken ? taken->len : text ? strlen(text) : 0;
	value[0] = '\0';
	if (len == 0 || len >= size) {
		return reason_set(why, "variable %.100s is %s", name,
			len > 0 ? "too long" : "not set");
	}
	if (taken) {
		return read_taken(taken, value) ||
		       reason_set(why, "variable %.100s: %s", name, strerror(errno));
	}
	memcpy(value, text, len + 1);
	return true;
}

void environment_forget(void)
{
	if (file > 0) {
		(void)close(file);
		file = -1;
	}
}
