// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/server_tls.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <stdexcept>

namespace lvslab::lab {
namespace {

template <auto free>
struct FreeBy {
    template <class T>
    void operator()(T* object) const {
        free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;

/// Of the name "lvslab", good for as long as X.509 can tell (a guest's clock may stand anywhere).
Certificate self_signed(EVP_PKEY* key) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), "19700101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), "99991231235959Z");
    X509_set_pubkey(certificate.get(), key);
    auto* name = X509_get_subject_name(certificate.get());
    std::array<unsigned char, 7> text{"lvslab"};
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text.data(), 6, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key, EVP_sha256());
    return certificate;
}

Context make_context() {
    const Key key(EVP_EC_gen("P-256"));
    Context context(SSL_CTX_new(TLS_server_method()));
    if (!key || !context ||
        SSL_CTX_use_certificate(context.get(), self_signed(key.get()).get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
        throw std::runtime_error("OpenSSL makes no certificate for the servers' HTTPS");
    }
    return context;
}

SSL_CTX* context() {
    static const Context made = make_context();
    return made.get();
}

}  // namespace

void ServerTls::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

ServerTls::ServerTls() : ssl_(SSL_new(context())) {
    if (!ssl_) {
        throw std::runtime_error("OpenSSL begins no connection");
    }
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
}

ServerTls::~ServerTls() = default;

std::string ServerTls::take(std::string_view bytes) {
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    std::string text;
    std::array<char, 4096> block;
    for (;;) {
        const int n = SSL_read(ssl_.get(), block.data(), static_cast<int>(block.size()));
        if (n <= 0) {
            const int why = SSL_get_error(ssl_.get(), n);
            broken_ = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_ZERO_RETURN;
            return text;
        }
        text.append(block.data(), static_cast<std::size_t>(n));
    }
}

void ServerTls::say(std::string_view text) {
    if (!text.empty()) {
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    }
}

std::string ServerTls::to_send() {
    std::string bytes;
    std::array<char, 4096> block;
    for (int n = 0; (n = BIO_read(SSL_get_wbio(ssl_.get()), block.data(),
                                  static_cast<int>(block.size()))) > 0;) {
        bytes.append(block.data(), static_cast<std::size_t>(n));
    }
    return bytes;
}

}  // namespace lvslab::lab
