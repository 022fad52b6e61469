#include "tasks/packs/archive.hpp"

#include <array>
#include <zlib.h>

namespace o3::packs {
namespace {

constexpr int gzip_window = 15 + 16; ///< largest window, gzip's own head and tail
constexpr int memory_level = 8;
constexpr std::size_t piece = 64 << 10;

error broken(std::string what) {
  return make_error(fault::input_invalid, std::move(what));
}

// zlib takes what it reads by a pointer that is not const, and leaves it as it is.
Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); // NOLINT
}

} // namespace

result<std::string> gzip(std::string_view bytes) {
  z_stream z{};
  if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, memory_level,
                   Z_DEFAULT_STRATEGY)
      != Z_OK)
    return broken("there is no memory to compress the archive");
  std::string out(deflateBound(&z, static_cast<uLong>(bytes.size())), '\0');
  z.next_in = bytes_of(bytes);
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = bytes_of(out);
  z.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (ended != Z_STREAM_END)
    return broken("the archive could not be compressed");
  return out;
}

result<std::string> gunzip(std::string_view bytes) {
  z_stream z{};
  if (inflateInit2(&z, gzip_window) != Z_OK)
    return broken("there is no memory to look into the archive");
  z.next_in = bytes_of(bytes);
  z.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, piece> buffer{};
  int state = Z_OK;
  while (state == Z_OK && out.size() <= archive_bytes_max) {
    z.next_out = bytes_of({buffer.data(), buffer.size()});
    z.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&z, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - z.avail_out);
    // Several gzip files may stand one behind the other; what else follows is padding.
    if (state == Z_STREAM_END && bytes.substr(bytes.size() - z.avail_in).starts_with(gzip_magic))
      state = inflateReset(&z);
  }
  inflateEnd(&z);
  if (out.size() > archive_bytes_max)
    return broken("unpacked it has more than " + std::to_string(archive_bytes_max >> 20) + " MiB");
  if (state == Z_BUF_ERROR)
    return broken("the gzip file is cut off");
  if (state != Z_STREAM_END)
    return broken("the gzip file is damaged");
  return out;
}

} // namespace o3::packs
