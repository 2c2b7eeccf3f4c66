#include "base/replaced_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct content {
	replaced_file_write *write;
	const void *what;
};

static bool write_whole(FILE *out, const struct content *content)
{
	return content->write(out, content->what) && fflush(out) == 0 &&
	       ferror(out) == 0 && fsync(fileno(out)) == 0;
}

/* A left-over of that name is of a process that was killed; errno tells why not. */
static FILE *create_at(int directory, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int id = openat(directory, name, flags, 0600);
	if (id < 0 && errno == EEXIST && unlinkat(directory, name, 0) == 0) {
		id = openat(directory, name, flags, 0600);
	}
	FILE *out = id >= 0 ? fdopen(id, "w") : NULL;
	if (!out && id >= 0) {
		(void)close(id);
		(void)unlinkat(directory, name, 0);
	}
	return out;
}

/*
 * Write beside the file and rename; errno tells why not. The new name must survive a
 * power cut too.
 */
static bool replace_at(const struct content *content, int directory, const char *name,
	const char *beside)
{
	FILE *out = create_at(directory, beside);
	if (!out) {
		return false;
	}
	bool is_done = write_whole(out, content);
	int error = errno;
	if (fclose(out) != 0 && is_done) {
		is_done = false;
		error = errno;
	}
	if (is_done && (renameat(directory, beside, directory, name) != 0 ||
			       fsync(directory) != 0)) {
		is_done = false;
		error = errno;
	}
	if (!is_done) {
		/* gone already where only the folder failed */
		(void)unlinkat(directory, beside, 0);
		errno = error;
	}
	return is_done;
}

bool replaced_file_save_at(int directory, const char *name, replaced_file_write *write,
	const void *what, struct reason *why)
{
	const struct content content = {write, what};
	char beside[NAME_MAX + 1];
	(void)snprintf(beside, sizeof(beside), "%.200s.new", name);
	return replace_at(&content, directory, name, beside) ||
	       reason_set(why, "%.100s: %s", name, strerror(errno));
}

/* target: of PATH_MAX bytes, cut into folder and name. */
static bool replace(const struct content *content, char *target)
{
	char beside[NAME_MAX + 1];
	char *slash = strrchr(target, '/');
	const char *name = slash ? slash + 1 : target;
	const char *folder = ".";
	if (slash) {
		folder = slash == target ? "/" : target;
		*slash = '\0';
	}
	const int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		return false;
	}
	/* two replays may save at once */
	(void)snprintf(beside, sizeof(beside), "%.200s.%ld", name, (long)getpid());
	const bool is_done = replace_at(content, directory, name, beside);
	const int error = errno;
	(void)close(directory);
	errno = error;
	return is_done;
}

bool replaced_file_save(const char *path, replaced_file_write *write, const void *what,
	struct reason *why)
{
	const struct content content = {write, what};
	/* a symbolic link stays one: the file behind it is replaced */
	char target[PATH_MAX];
	bool is_named = realpath(path, target) != NULL;
	if (!is_named && errno == ENOENT && strlen(path) < sizeof(target)) {
		(void)snprintf(target, sizeof(target), "%s", path);
		is_named = true;
	}
	return (is_named && replace(&content, target)) ||
	       reason_set(why, "%.100s: %s", path, strerror(errno));
}
