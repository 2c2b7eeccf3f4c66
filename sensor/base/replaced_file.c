#include "base/replaced_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static bool is_on_disk(FILE *out)
{
	return fflush(out) == 0 && ferror(out) == 0 && fsync(fileno(out)) == 0;
}

/* Of a file whose .directory and names are set; errno tells why not. */
static bool begin(struct replaced_file *file)
{
	file->out = create_at(file->directory, file->beside);
	return file->out != NULL;
}

static void remove_beside(const struct replaced_file *file)
{
	const int error = errno;
	/* gone already where only the folder failed */
	(void)unlinkat(file->directory, file->beside, 0);
	errno = error;
}

/* The new name must survive a power cut too; errno tells why not. */
static bool finish(struct replaced_file *file)
{
	bool is_done = is_on_disk(file->out);
	int error = errno;
	if (fclose(file->out) != 0 && is_done) {
		is_done = false;
		error = errno;
	}
	file->out = NULL;
	errno = error;
	is_done = is_done &&
		  renameat(file->directory, file->beside, file->directory,
			  file->name) == 0 &&
		  fsync(file->directory) == 0;
	if (!is_done) {
		remove_beside(file);
	}
	return is_done;
}

static void abandon(struct replaced_file *file)
{
	const int error = errno;
	(void)fclose(file->out);
	file->out = NULL;
	errno = error;
	remove_beside(file);
}

/* Errno tells why not. */
static bool save(
	struct replaced_file *file, replaced_file_write *write, const void *what)
{
	if (!begin(file)) {
		return false;
	}
	if (!write(file->out, what)) {
		abandon(file);
		return false;
	}
	return finish(file);
}

static bool refused(const char *name, struct reason *why)
{
	return reason_set(why, "%.100s: %s", name, strerror(errno));
}

static struct replaced_file named_at(int directory, const char *name)
{
	struct replaced_file file = {.directory = directory, .name = name};
	(void)snprintf(file.beside, sizeof(file.beside), "%.200s.new", name);
	return file;
}

bool replaced_file_begin_at(
	struct replaced_file *file, int directory, const char *name, struct reason *why)
{
	*file = named_at(directory, name);
	return begin(file) || refused(name, why);
}

bool replaced_file_sync(struct replaced_file *file, struct reason *why)
{
	return is_on_disk(file->out) || refused(file->name, why);
}

bool replaced_file_finish(struct replaced_file *file, struct reason *why)
{
	return finish(file) || refused(file->name, why);
}

void replaced_file_abandon(struct replaced_file *file)
{
	abandon(file);
}

bool replaced_file_save_at(int directory, const char *name, replaced_file_write *write,
	const void *what, struct reason *why)
{
	struct replaced_file file = named_at(directory, name);
	return save(&file, write, what) || refused(name, why);
}

struct content {
	replaced_file_write *write;
	const void *what;
};

/* target: of PATH_MAX bytes, cut into folder and name. */
static bool replace(const struct content *content, char *target)
{
	char *slash = strrchr(target, '/');
	struct replaced_file file = {.name = slash ? slash + 1 : target};
	const char *folder = ".";
	if (slash) {
		folder = slash == target ? "/" : target;
		*slash = '\0';
	}
	file.directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file.directory < 0) {
		return false;
	}
	/* two replays may save at once */
	(void)snprintf(file.beside, sizeof(file.beside), "%.200s.%ld", file.name,
		(long)getpid());
	const bool is_done = save(&file, content->write, content->what);
	const int error = errno;
	(void)close(file.directory);
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
	return (is_named && replace(&content, target)) || refused(path, why);
}
