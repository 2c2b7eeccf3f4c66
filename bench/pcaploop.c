/*
 * pcaploop - the plain libpcap peer: read a capture, count packets and bytes.
 *
 * The least any program built on pcap_loop() can cost; the measure of the ratios.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

struct total {
	uint64_t packets, bytes;
};

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct total *total = (struct total *)(void *)user;

	(void)bytes;
	total->packets++;
	total->bytes += header->len;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct total total = {0, 0};

	if (argc != 2) {
		fputs("usage: pcaploop CAPTURE\n", stderr);
		return 2;
	}
	pcap_t *pcap = pcap_open_offline(argv[1], error);

	if (pcap == NULL) {
		fprintf(stderr, "pcaploop: %s\n", error);
		return 3;
	}
	const int result = pcap_loop(pcap, -1, count, (u_char *)&total);

	if (result < 0) {
		fprintf(stderr, "pcaploop: %s\n", pcap_geterr(pcap));
	}
	pcap_close(pcap);
	printf("%llu packets, %llu bytes\n", (unsigned long long)total.packets,
		(unsigned long long)total.bytes);
	return result < 0 ? 3 : 0;
}
