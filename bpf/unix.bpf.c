/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs where Unix sockets connect and send (Linux 6.7): an object of its own, since the others need no such kernel. */
#include "unix.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
