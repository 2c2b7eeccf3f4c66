#include "capture/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
enum { STORED_BYTES = 4 * 1024 };
#else
enum { STORED_BYTES = 256 * 1024 };
#endif

static const struct codec *const codecs[] = {&codec_gzip, &codec_xz, &codec_zstd};

static size_t stream_fail(struct stream *stream, const char *text)
{
	(void)reason_set(&stream->why, "%s", text);
	stream->is_failed = true;
	return 0;
}

/* One read(2); 0 at the end of the file or on failure. */
static size_t stored_read(struct stream *stream, uint8_t *to, size_t len)
{
	ssize_t got = 0;
	do {
		got = read(stream->fd, to, len);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return stream_fail(stream, strerror(errno));
	}
	stream->is_at_end = got == 0;
	stream->bytes_read += (size_t)got;
	return (size_t)got;
}

/* True when at least want stored bytes are at hand. */
static bool stored_holds(struct stream *stream, size_t want)
{
	assert(want <= STORED_BYTES);
	if (stream->stored_len >= want) {
		return true;
	}
	memmove(stream->stored, stream->stored + stream->stored_at, stream->stored_len);
	stream->stored_at = 0;
	while (stream->stored_len < want && !stream->is_at_end && !stream->is_failed) {
		stream->stored_len +=
			stored_read(stream, stream->stored + stream->stored_len,
				STORED_BYTES - stream->stored_len);
	}
	return stream->stored_len >= want;
}

static void stored_use(struct stream *stream, size_t len)
{
	stream->stored_at += len;
	stream->stored_len -= len;
}

static bool stream_sniff(struct stream *stream, struct reason *why)
{
	(void)stored_holds(stream, CODEC_MAGIC_BYTES);
	if (stream->is_failed) {
		return reason_set(why, "%s", stream->why.text);
	}
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if (codecs[i]->knows(stream->stored, stream->stored_len)) {
			stream->codec_state = codecs[i]->create();
			stream->codec = codecs[i];
			return stream->codec_state || reason_set(why, "out of memory");
		}
	}
	return true;
}

static bool stream_start(struct stream *stream, struct reason *why)
{
	struct stat status;
	if (stream->fd < 0 || fstat(stream->fd, &status) != 0) {
		return reason_set(why, "%s", strerror(errno));
	}
	if (S_ISREG(status.st_mode)) {
		stream->bytes_total = (uint64_t)status.st_size;
		(void)posix_fadvise(stream->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	stream->stored = (uint8_t *)malloc(STORED_BYTES);
	if (!stream->stored) {
		return reason_set(why, "out of memory");
	}
	return stream_sniff(stream, why);
}

bool stream_open(struct stream *stream, const char *file, struct reason *why)
{
	const bool is_stdin = strcmp(file, "-") == 0;
	*stream =
		(struct stream){.fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					       : open(file, O_RDONLY | O_CLOEXEC)};
	if (!stream_start(stream, why)) {
		stream_close(stream);
		return false;
	}
	return true;
}

void stream_close(struct stream *stream)
{
	if (stream->codec) {
		stream->codec->destroy(stream->codec_state);
	}
	free(stream->stored);
	if (stream->fd >= 0) {
		(void)close(stream->fd);
	}
	*stream = (struct stream){.fd = -1};
}

/* Between members: zeros are padding, the next magic goes on, all else is the end. */
static bool member_follows(struct stream *stream)
{
	while (stored_holds(stream, 1) && stream->stored[stream->stored_at] == 0) {
		stored_use(stream, 1);
	}
	(void)stored_holds(stream, CODEC_MAGIC_BYTES);
	return stream->codec->knows(
		stream->stored + stream->stored_at, stream->stored_len);
}

/* Unpacks until there is something to give or nothing more to unpack. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the codec writes there through io */
static size_t unpack(struct stream *stream, uint8_t *to, size_t len)
{
	struct codec_io io = {.out = to, .out_len = len};
	while (io.out_len == len && !stream->is_failed && !stream->is_cut) {
		if (stream->is_between && !member_follows(stream)) {
			break;
		}
		stream->is_between = false;
		const bool has_input = stored_holds(stream, 1);
		io.in = stream->stored + stream->stored_at;
		io.in_len = stream->stored_len;
		const enum codec_result result =
			stream->codec->step(stream->codec_state, &io);
		stored_use(stream, stream->stored_len - io.in_len);
		if (result == CODEC_BROKEN) {
			(void)stream_fail(stream, "its compressed data are damaged");
		}
		stream->is_between = result == CODEC_MEMBER_END;
		stream->is_cut = !has_input && io.out_len == len && !stream->is_between;
	}
	return len - io.out_len;
}

size_t stream_read(struct stream *stream, uint8_t *to, size_t len)
{
	assert(len > 0);
	if (stream->ahead) {
		return ahead_read(stream, to, len);
	}
	if (stream->codec) {
		return unpack(stream, to, len);
	}
	if (stream->stored_len == 0) {
		return stream->is_at_end || stream->is_failed
			       ? 0
			       : stored_read(stream, to, len);
	}
	const size_t given = stream->stored_len < len ? stream->stored_len : len;
	memcpy(to, stream->stored + stream->stored_at, given);
	stored_use(stream, given);
	return given;
}
