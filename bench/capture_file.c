#include "capture_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct pcap_file_header {
	uint32_t magic;
	uint16_t version_major, version_minor;
	uint32_t zone_offset, accuracy;
	uint32_t snapshot_len, link_type;
};

struct pcap_record_header {
	uint32_t seconds, microseconds;
	uint32_t captured_len, wire_len;
};

static void flush(struct capture_file *file)
{
	size_t done = 0;

	while (done < file->used && !file->failed) {
		const ssize_t wrote =
			write(file->fd, file->buffer + done, file->used - done);

		if (wrote >= 0) {
			done += (size_t)wrote;
		} else if (errno != EINTR) {
			file->failed = true;
		}
	}
	file->used = 0;
}

bool capture_file_open(struct capture_file *file, const char *path)
{
	const struct pcap_file_header header = {
		.magic = 0xa1b2c3d4,
		.version_major = 2,
		.version_minor = 4,
		.snapshot_len = 262144,
		.link_type = 1, /* Ethernet */
	};

	file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file->fd < 0) {
		return false;
	}
	file->failed = false;
	file->packets = 0;
	file->bytes = 0;
	memcpy(file->buffer, &header, sizeof(header));
	file->used = sizeof(header);
	return true;
}

uint8_t *capture_file_reserve(struct capture_file *file)
{
	const size_t room = sizeof(struct pcap_record_header) + CAPTURE_FILE_FRAME_MAX;

	if (sizeof(file->buffer) - file->used < room) {
		flush(file);
	}
	return file->buffer + file->used + sizeof(struct pcap_record_header);
}

void capture_file_commit(struct capture_file *file, uint64_t now_us, size_t len)
{
	assert(len <= CAPTURE_FILE_FRAME_MAX);
	const struct pcap_record_header header = {
		.seconds = (uint32_t)(now_us / 1000000),
		.microseconds = (uint32_t)(now_us % 1000000),
		.captured_len = (uint32_t)len,
		.wire_len = (uint32_t)len,
	};

	memcpy(file->buffer + file->used, &header, sizeof(header));
	file->used += sizeof(header) + len;
	file->packets++;
	file->bytes += len;
}

bool capture_file_close(struct capture_file *file)
{
	flush(file);
	const int write_error = errno;

	if (close(file->fd) < 0) {
		return false;
	}
	errno = write_error;
	return !file->failed;
}
