/* The plainest way out, as a program of its own that others become: `dial tcp|udp ADDRESS PORT TOKEN`. */
#include "reach.h"

int main(int count, char **words)
{
	if (count != 5)
		return 2;
	tell(reach(strcmp(words[1], "udp") ? SOCK_STREAM : SOCK_DGRAM, words[2], words[3], words[4]));
	return 0;
}
