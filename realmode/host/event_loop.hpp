// SPDX-License-Identifier: GPL-2.0-only
/// The one loop that a process of real mode runs, in one thread.
#pragma once

#include <boost/asio/io_context.hpp>

namespace lvslab::realmode {

using EventLoop = boost::asio::io_context;

}  // namespace lvslab::realmode
