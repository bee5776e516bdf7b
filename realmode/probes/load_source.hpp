// SPDX-License-Identifier: GPL-2.0-only
/// The load monitor's sources on a real network: rstatd, rwhod, uptime by a remote shell.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/health/told_loads.hpp"
#include "core/ports/load_source.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/probes/program_run.hpp"

namespace lvslab::realmode {

/// Where and how long they are asked. The ports are IANA's sunrpc and who.
struct LoadSettings {
    Port portmapper{111};
    Port who{513};
    Duration limit = std::chrono::seconds(5);  ///< for one answer, retries included
    Duration retry = std::chrono::seconds(1);  ///< a datagram without an answer is sent again
    Duration stale = health::ToldLoads::ruptime_stale;
    std::string spool = "/var/spool/rwho";
    std::string hosts = "/etc/hosts";
};

class RstatQuestion;
class WhodListener;

/// `rup`: the port mapper is asked for rstatd's port, then rstatd for its statistics, versions 3, 4
/// and 2. Answers from another address, with another transaction, or malformed are not heard.
///
/// `ruptime`: rwhod is not asked, it tells every three minutes. From the first question on its
/// datagrams are listened for, and the last one of each server that was asked about counts, by the
/// address that it came from. If the port is taken, by a rwhod of this host, that one's spool is
/// read instead: whod.NAME for each name that /etc/hosts gives the server's address.
///
/// `uptime`: runs `rsh_command ADDRESS uptime` (rsh_command split at spaces) and reads its output.
class NetworkLoadSource final : public ports::LoadSource {
public:
    using Note = std::function<void(std::string)>;

    /// The loop outlives it. `note` hears what keeps a source from working at all.
    explicit NetworkLoadSource(EventLoop& loop, LoadSettings settings = {}, Note note = {});
    /// Questions under way are not answered any more.
    ~NetworkLoadSource() override;
    NetworkLoadSource(const NetworkLoadSource&) = delete;
    NetworkLoadSource& operator=(const NetworkLoadSource&) = delete;

    void ask(const Address& server, const ports::LoadMethod& method,
             std::function<void(std::optional<double> load)> answer) override;

private:
    using Answer = std::function<void(std::optional<double> load)>;

    void ask_rstatd(const Address& server, Answer answer);
    void ask_rwhod(const Address& server, Answer answer);
    void ask_shell(const Address& server, const std::string& remote_shell, Answer answer);

    EventLoop& loop_;
    LoadSettings settings_;
    Note note_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, std::shared_ptr<RstatQuestion>> questions_;
    std::map<std::uint64_t, std::unique_ptr<ProgramRun>> programs_;
    std::unique_ptr<WhodListener> whod_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lvslab::realmode
