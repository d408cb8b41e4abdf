#pragma once
// Included only by the sources of src/net: no other room sees Asio.
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

namespace homespun::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

/// One concrete type for TCP and unix sockets. The executor is named, not erased: erasing it costs a tenth of
/// every request.
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

}  // namespace homespun::net
