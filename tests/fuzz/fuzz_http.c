#include "talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte's second bit: what the bodies are looked at for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const bool is_tunnel = size > 0 && (data[0] & 2) != 0;
	talk_fuzz(is_tunnel ? PROTOCOL_OUTLOOK_ANYWHERE : PROTOCOL_EWS, data, size);
	return 0;
}
