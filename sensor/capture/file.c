#include "capture/file.h"

#include <stdlib.h>

static bool (*const formats[])(struct file *file) = {pcap_start, pcapng_start};

static bool file_sniff(struct file *file)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i](file)) {
			return true;
		}
	}
	return false;
}

bool file_knows(const uint8_t *bytes, size_t len)
{
	return pcap_knows(bytes, len) || pcapng_knows(bytes, len);
}

bool file_open(struct file *file, const char *name, struct reason *why)
{
	*file = (struct file){.index = file->index};
	struct reason cause;
	if (!window_open(&file->window, name, &cause)) {
		return reason_set(why, "%s: %s", name, cause.text);
	}
	if (file_sniff(file)) {
		return true;
	}
	if (file->window.stream.is_failed) {
		(void)reason_set(why, "%s: %s", name, file->window.stream.why.text);
	} else {
		(void)reason_set(why, "%s: not a capture file (pcap or pcapng)", name);
	}
	file_close(file);
	return false;
}

void file_close(struct file *file)
{
	window_close(&file->window);
	free(file->interfaces);
	file->interfaces = NULL;
}

enum source_result file_ending(struct file *file)
{
	file->is_ended = true;
	if (file->window.stream.is_failed) {
		return SOURCE_ERROR;
	}
	file->is_truncated = window_left(&file->window) > 0 ||
			     file->window.stream.is_cut || file->is_truncated;
	return SOURCE_END;
}

enum source_result file_lost(struct file *file)
{
	file->bad_records++;
	file->is_ended = true;
	return SOURCE_END;
}
