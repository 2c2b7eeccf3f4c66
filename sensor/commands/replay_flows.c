#include "commands/replay_flows.h"

#include "capture/codec.h"
#include "capture/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "-" is standard input. */
static bool find(const char *path, struct stat *status)
{
	return strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, status) == 0
				      : stat(path, status) == 0;
}

static bool is_apart(const char *path, const char *read, struct reason *why)
{
	struct stat to;
	struct stat from;
	if (stat(path, &to) != 0 || !S_ISREG(to.st_mode) || !find(read, &from) ||
		to.st_dev != from.st_dev || to.st_ino != from.st_ino) {
		return true;
	}
	return reason_set(why, "--flows: %.100s would overwrite %.100s, which is read",
		path, read);
}

static bool is_no_capture(const char *path, struct reason *why)
{
	uint8_t bytes[CODEC_MAGIC_BYTES];
	struct stat status;
	const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (file < 0) {
		return true; /* new, or whoever opens it to write says what is wrong */
	}
	const ssize_t got = fstat(file, &status) == 0 && S_ISREG(status.st_mode)
				    ? read(file, bytes, sizeof(bytes))
				    : 0;
	(void)close(file);
	const size_t len = got > 0 ? (size_t)got : 0;
	if (file_knows(bytes, len) || codec_gzip.knows(bytes, len) ||
		codec_xz.knows(bytes, len) || codec_zstd.knows(bytes, len)) {
		return reason_set(why,
			"--flows: %.200s is a capture or compressed; it is not "
			"overwritten",
			path);
	}
	return true;
}

bool replay_flows_may_be_written(const struct replay *replay, struct reason *why)
{
	const char *path = replay->flows;
	for (size_t i = 0; i < replay->captures.count; i++) {
		if (!is_apart(path, replay->captures.list[i], why)) {
			return false;
		}
	}
	for (size_t i = 0; i < replay->matrices.count; i++) {
		if (!is_apart(path, replay->matrices.values[i], why)) {
			return false;
		}
	}
	if (replay->state && !is_apart(path, replay->state, why)) {
		return false;
	}
	return is_no_capture(path, why);
}
