// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/name_lookup.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace lvslab::realmode {
namespace {

/// A name server that is silent keeps each for some ten seconds.
constexpr std::size_t most_threads = 64;

std::optional<Address> address_of(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &address, sizeof v4);
        return Address::v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address, sizeof v6);
        Address::Bytes bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return Address::v6(bytes);
    }
    return std::nullopt;
}

/// A thread gets the signals that its maker lets through: these are the loop's to handle.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

std::optional<Address> resolve(std::string_view name) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(std::string(name).c_str(), nullptr, &hints, &found) != 0) {
        return std::nullopt;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    return address_of(*found->ai_addr);
}

struct NameLookup::Shared {
    Shared(const std::set<std::string>& names, Resolver with)
        : resolver(std::move(with)),
          waiting(names.begin(), names.end()),
          unanswered(names.size()),
          answered(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (answered < 0) {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
        if (unanswered == 0) {
            tell();
        }
    }
    ~Shared() { ::close(answered); }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    void tell() const {
        const std::uint64_t one = 1;
        static_cast<void>(::write(answered, &one, sizeof one) == 0);
    }

    const Resolver resolver;
    std::mutex mutex;
    std::deque<std::string> waiting;
    NamedAddresses found;
    std::size_t unanswered;
    const int answered;
};

NameLookup::NameLookup(const std::set<std::string>& names, Resolver resolver)
    : shared_(std::make_shared<Shared>(names, std::move(resolver))) {
    const SignalsBlocked blocked;
    const auto threads = std::min(names.size(), most_threads);
    for (std::size_t i = 0; i < threads; ++i) {
        try {
            std::thread([shared = shared_] { answer(shared); }).detach();
        } catch (const std::system_error&) {
            if (i == 0) {
                throw;
            }
            return;  // those that are there ask for all
        }
    }
}

NameLookup::~NameLookup() = default;

void NameLookup::answer(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock(shared->mutex);
    while (!shared->waiting.empty()) {
        const auto name = std::move(shared->waiting.front());
        shared->waiting.pop_front();
        lock.unlock();
        const auto address = shared->resolver(name);
        lock.lock();
        if (address) {
            shared->found.emplace(name, *address);
        }
        if (--shared->unanswered == 0) {
            shared->tell();
        }
    }
}

int NameLookup::descriptor() const {
    return shared_->answered;
}

bool NameLookup::wait_for(Duration limit) const {
    pollfd ready{shared_->answered, POLLIN, 0};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit);
    return ::poll(&ready, 1, static_cast<int>(milliseconds.count())) > 0;
}

NamedAddresses NameLookup::found() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->found;
}

}  // namespace lvslab::realmode
