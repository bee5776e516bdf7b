// SPDX-License-Identifier: GPL-2.0-only
/// A server over UDP that answers each datagram with its name, and a client that asks a server's
/// name.
///   named_service serve PORT NAME
///   named_service ask udp|http ADDRESS PORT
/// `ask` prints the answer (over HTTP, its body); exit code 1 without one within two seconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace {

int checked(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

sockaddr_in endpoint(const char* address, const char* port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    checked(::inet_pton(AF_INET, address, &out.sin_addr) == 1 ? 0 : -1, address);
    return out;
}

/// The answer leaves from the address that was asked: the VIP, under direct routing.
void answer_from_the_address_asked(msghdr& message) {
    auto* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != IP_PKTINFO) {
        return;
    }
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(header), sizeof info);
    info.ipi_spec_dst = info.ipi_addr;
    info.ipi_ifindex = 0;
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

[[noreturn]] void serve(const char* port, std::string_view name) {
    const int socket = checked(::socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const int on = 1;
    checked(::setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), "IP_PKTINFO");
    const auto any = endpoint("0.0.0.0", port);
    checked(::bind(socket, reinterpret_cast<const sockaddr*>(&any), sizeof any), "bind");
    std::string answer(name);
    for (;;) {
        std::array<char, 1500> question{};
        std::array<char, 256> control{};
        sockaddr_in from{};
        iovec data{question.data(), question.size()};
        msghdr message{};
        message.msg_name = &from;
        message.msg_namelen = sizeof from;
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        if (::recvmsg(socket, &message, 0) < 0) {
            continue;
        }
        answer_from_the_address_asked(message);
        data = {answer.data(), answer.size()};
        ::sendmsg(socket, &message, 0);
    }
}

std::string read_to_the_end(int socket) {
    std::string text;
    std::array<char, 1500> part{};
    for (;;) {
        const auto length = ::recv(socket, part.data(), part.size(), 0);
        if (length < 0) {
            checked(-1, "no answer");
        }
        if (length == 0) {
            return text;
        }
        text.append(part.data(), static_cast<std::size_t>(length));
    }
}

std::string ask(bool udp, const sockaddr_in& server) {
    const int socket = checked(::socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0), "socket");
    const timeval patience{.tv_sec = 2, .tv_usec = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    checked(::connect(socket, reinterpret_cast<const sockaddr*>(&server), sizeof server),
            "no connection");
    const std::string question = udp ? "?" : "GET / HTTP/1.0\r\n\r\n";
    ::send(socket, question.data(), question.size(), 0);
    if (udp) {
        std::array<char, 1500> name{};
        const auto length = ::recv(socket, name.data(), name.size(), 0);
        checked(static_cast<int>(length), "no answer");
        return {name.data(), static_cast<std::size_t>(length)};
    }
    const auto text = read_to_the_end(socket);
    const auto body = text.find("\r\n\r\n");
    return body == std::string::npos ? text : text.substr(body + 4);
}

}  // namespace

int main(int argc, char** argv) {
    const auto word = [&](int n) { return std::string_view(n < argc ? argv[n] : ""); };
    try {
        if (argc == 4 && word(1) == "serve") {
            serve(argv[2], argv[3]);
        }
        if (argc == 5 && word(1) == "ask" && (word(2) == "udp" || word(2) == "http")) {
            auto name = ask(word(2) == "udp", endpoint(argv[3], argv[4]));
            while (name.ends_with('\n')) {
                name.pop_back();
            }
            std::printf("%s\n", name.c_str());
            return 0;
        }
        std::fputs("usage: named_service serve PORT NAME | ask udp|http ADDRESS PORT\n", stderr);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "named_service: %s\n", error.what());
        return 1;
    }
}
