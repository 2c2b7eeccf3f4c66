#include "frames.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SYN_BYTES   54                 /* Ethernet, IPv4, TCP without options */
#define ARENA_BYTES ((size_t)64 << 30) /* reserved; used as far as there are frames */

static void *must(void *memory)
{
	if (!memory) {
		(void)fputs("no memory for the frames\n", stderr);
		exit(3);
	}
	return memory;
}

/* Frames lie one behind the other in large pages: small ones cost more than the copy. */
static uint8_t *reserve(void)
{
	void *memory = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	(void)madvise(memory, ARENA_BYTES, MADV_HUGEPAGE);
	return (uint8_t *)must(memory == MAP_FAILED ? NULL : memory);
}

static void add(struct frames *frames, void *bytes, size_t len)
{
	if ((frames->count & (frames->count - 1)) == 0) { /* full at powers of two */
		const size_t room = frames->count == 0 ? 1 : frames->count * 2;
		frames->list =
			must(realloc(frames->list, room * sizeof(*frames->list)));
	}
	frames->list[frames->count++] =
		(struct iovec){.iov_base = bytes, .iov_len = len};
	frames->bytes += len;
}

struct frames frames_read(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	struct frames frames = {0};
	struct pcap_pkthdr *header;
	const u_char *bytes;
	uint8_t *at = reserve();
	int result;
	pcap_t *pcap = pcap_open_offline(path, error);
	if (!pcap) {
		(void)fprintf(stderr, "%s\n", error);
		exit(3);
	}
	while ((result = pcap_next_ex(pcap, &header, &bytes)) == 1) {
		add(&frames, memcpy(at, bytes, header->caplen), header->caplen);
		at += header->caplen;
	}
	if (result != PCAP_ERROR_BREAK || frames.count == 0) {
		(void)fprintf(stderr, "%s: broken or empty\n", path);
		exit(3);
	}
	pcap_close(pcap);
	return frames;
}

/* SplitMix64 (Steele, Lea, Flood). */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15U;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

static void make_syn(uint8_t frame[SYN_BYTES], uint64_t *random)
{
	static const uint16_t MAIL_PORTS[] = {25, 465, 587, 143, 993, 110, 995, 4190};
	static const uint8_t HEAD[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8,
		0, /* IPv4 */
		0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6};
	const uint64_t hosts = next_random(random);
	const uint64_t ports = next_random(random);
	const uint16_t port = (ports & 1) != 0 ? MAIL_PORTS[ports >> 1 & 7]
					       : (uint16_t)(ports >> 8 | 1);
	memset(frame, 0, SYN_BYTES);
	memcpy(frame, HEAD, sizeof(HEAD));
	frame[26] = 10;
	memcpy(frame + 27, &hosts, 3);
	frame[30] = 10;
	memcpy(frame + 31, (const uint8_t *)&hosts + 3, 3);
	memcpy(frame + 34, (const uint8_t *)&ports + 3, 2);
	frame[36] = (uint8_t)(port >> 8);
	frame[37] = (uint8_t)port;
	memcpy(frame + 38, (const uint8_t *)&ports + 4, 4);
	frame[46] = 0x50; /* five words */
	frame[47] = 0x02; /* SYN */
	frame[48] = 0xff;
}

struct frames frames_make_syns(size_t count, uint64_t seed)
{
	struct frames frames = {0};
	uint8_t *at = reserve();
	for (size_t i = 0; i < count; i++) {
		make_syn(at, &seed);
		add(&frames, at, SYN_BYTES);
		at += SYN_BYTES;
	}
	return frames;
}
