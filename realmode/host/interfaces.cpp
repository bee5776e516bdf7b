// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/interfaces.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace lvslab::realmode {

Interfaces::Interfaces(EventLoop& loop) : readable_(loop), alive_(std::make_shared<char>()) {
    changes_.subscribe();  // before the first reading, so that nothing is missed
    readable_.assign(changes_.descriptor());
    read_again();
    wait();
}

Interfaces::~Interfaces() {
    readable_.release();  // the descriptor is libnl's to close
}

void Interfaces::watch(const config::LvsConfig& config, std::function<void(bool up)> changed) {
    config_ = config;
    changed_ = std::move(changed);
    watched_.clear();
    find_watched();
    if (std::exchange(up_, all_have_carrier()) != up_) {
        boost::asio::post(readable_.get_executor(),
                          [this, alive = std::weak_ptr(alive_), up = up_] {
                              if (!alive.expired() && up_ == up && changed_) {
                                  changed_(up);
                              }
                          });
    }
}

bool Interfaces::is_local(const Address& address) const {
    return std::ranges::any_of(addresses_,
                               [&](const auto& a) { return a.network.address == address; });
}

void Interfaces::wait() {
    readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this, alive = std::weak_ptr(alive_)](boost::system::error_code e) {
                             // ENOBUFS shows as an error of the wait, and is read away like news.
                             if (!alive.expired() && e != boost::asio::error::operation_aborted) {
                                 read_messages();
                             }
                         });
}

void Interfaces::read_messages() {
    const auto alive = std::weak_ptr(alive_);
    changes_.drain();
    read_again();
    wait();
    if (std::exchange(up_, all_have_carrier()) != up_ && changed_) {
        changed_(up_);
    }
    if (!alive.expired() && any_change_) {
        any_change_();
    }
}

void Interfaces::read_again() {
    interfaces_ = route_.interfaces();
    addresses_ = route_.addresses();
    find_watched();
}

/// pulse.c, check_links: the interfaces of the primary's two addresses on the primary, of the
/// backup's on the backup.
void Interfaces::find_watched() {
    if (!config_) {
        return;
    }
    const bool primary = is_local(config_->primary);
    const auto before = std::exchange(watched_, {});
    for (const auto& own : {primary ? config_->primary : config_->backup,
                            primary ? config_->primary_private : config_->backup_private}) {
        const auto here =
            std::ranges::find(addresses_, own, [](const auto& a) { return a.network.address; });
        const auto seen = std::ranges::find(before, own, &Watched::address);
        if (here != addresses_.end()) {
            watched_.push_back({own, here->interface});
        } else if (seen != before.end()) {
            watched_.push_back(*seen);
        }
    }
}

bool Interfaces::all_have_carrier() const {
    return std::ranges::all_of(watched_, [&](const auto& watched) {
        const auto found = std::ranges::find(interfaces_, watched.device, &Interface::index);
        return found != interfaces_.end() && found->up && found->carrier;
    });
}

}  // namespace lvslab::realmode
