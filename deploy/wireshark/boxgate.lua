-- Wireshark dissector for the captures of `boxgate sniff --pcap FILE` (link type 147, USER0):
-- DL/T 645-2007 and -1997, DL/T 698.45 and Modbus RTU behind the 8-byte header that
-- edge/cli/pcap.py documents. Modbus goes through Wireshark's own dissector as well.
--
-- Use: copy to the folder that Wireshark names under Help > About > Folders > Personal Lua Plugins,
-- or: tshark -X lua_script:boxgate.lua -r capture.pcap -V
--
-- Filters: boxgate.direction == 2, dlt645.address == "123456789012", dlt645.identifier == 0x02010100,
-- dlt645.checksum.bad, boxgate.delay > 500000, dlt698.address == "123456789012",
-- dlt698.service == 0x85, dlt698.dar == 3, dlt698.fcs.bad, rtu485.unit == 1, modbus.func_code == 4

local capture = Proto("boxgate", "boxgate capture")
local dlt645 = Proto("dlt645", "DL/T 645")
local dlt698 = Proto("dlt698", "DL/T 698.45")
local rtu485 = Proto("rtu485", "Modbus RTU on RS-485")

local directions = { [0] = "not known", [1] = "request", [2] = "answer", [3] = "report" }
local protocols = {
  [0] = "noise", [1] = "dlt645-2007", [2] = "dlt645-1997", [3] = "dlt698.45", [4] = "modbus-rtu",
}

local c = {
  version = ProtoField.uint8("boxgate.version", "Version"),
  direction = ProtoField.uint8("boxgate.direction", "Direction", base.DEC, directions),
  protocol = ProtoField.uint8("boxgate.protocol", "Protocol", base.DEC, protocols),
  delay = ProtoField.uint32("boxgate.delay", "Delay since the question (µs)"),
  noise = ProtoField.bytes("boxgate.noise", "Bytes that are no frame"),
}
capture.fields = c

local functions = {
  [0x03] = "security authentication", [0x08] = "broadcast time", [0x11] = "read",
  [0x12] = "read on", [0x13] = "read address", [0x14] = "write", [0x15] = "write address",
  [0x16] = "freeze", [0x17] = "change baud rate", [0x18] = "change password",
  [0x19] = "clear maximum demand", [0x1A] = "clear meter", [0x1B] = "clear events",
  [0x1C] = "relay and alarm", [0x1D] = "multi-function terminal",
}
local functions_1997 = {
  [0x01] = "read (1997)", [0x02] = "read on (1997)", [0x03] = "read again (1997)",
  [0x04] = "write (1997)", [0x08] = "broadcast time (1997)", [0x0A] = "write address (1997)",
  [0x0C] = "change baud rate (1997)", [0x0F] = "change password (1997)",
  [0x10] = "clear maximum demand (1997)",
}
local yes_no = { [0] = "no", [1] = "yes" }

local d = {
  address = ProtoField.string("dlt645.address", "Address"),
  control = ProtoField.uint8("dlt645.control", "Control code", base.HEX),
  answer = ProtoField.uint8("dlt645.control.answer", "From the meter", base.DEC, yes_no, 0x80),
  refused = ProtoField.uint8("dlt645.control.error", "Error", base.DEC, yes_no, 0x40),
  more = ProtoField.uint8("dlt645.control.more", "More follows", base.DEC, yes_no, 0x20),
  func = ProtoField.uint8("dlt645.control.function", "Function", base.HEX, functions, 0x1F),
  length = ProtoField.uint8("dlt645.length", "Length of data"),
  identifier = ProtoField.uint32("dlt645.identifier", "Identifier", base.HEX),
  data = ProtoField.bytes("dlt645.data", "Data (-33H)"),
  value = ProtoField.string("dlt645.value", "Value"),
  err = ProtoField.uint8("dlt645.error", "Error word", base.HEX),
  checksum = ProtoField.uint8("dlt645.checksum", "Checksum", base.HEX),
}
local bad_645 = ProtoExpert.new(
  "dlt645.checksum.bad", "Wrong checksum", expert.group.CHECKSUM, expert.severity.ERROR)
local cut_645 = ProtoExpert.new(
  "dlt645.cut", "Not a whole frame", expert.group.MALFORMED, expert.severity.ERROR)
dlt645.fields = d
dlt645.experts = { bad_645, cut_645 }

local errors = {
  [0] = "other error", "no requested data", "wrong password or not authorised",
  "baud rate cannot change", "too many year zones", "too many day segments", "too many tariffs",
  "reserved",
}

-- DI3 DI2 of an identifier -> name, bytes of one field, decimals, unit, signed. Only what is one
-- run of equal BCD fields stands here; `boxgate decode` knows the rest.
local kinds = {
  [0x0000] = { "combined active energy", 4, 2, "kWh", true },
  [0x0001] = { "forward active energy", 4, 2, "kWh", false },
  [0x0002] = { "reverse active energy", 4, 2, "kWh", false },
  [0x0003] = { "combined reactive energy 1", 4, 2, "kvarh", true },
  [0x0004] = { "combined reactive energy 2", 4, 2, "kvarh", true },
  [0x0201] = { "voltage", 2, 1, "V", false },
  [0x0202] = { "current", 3, 3, "A", true },
  [0x0203] = { "active power", 3, 4, "kW", true },
  [0x0204] = { "reactive power", 3, 4, "kvar", true },
  [0x0205] = { "apparent power", 3, 4, "kVA", true },
  [0x0206] = { "power factor", 2, 3, "", true },
  [0x0207] = { "phase angle", 2, 1, "°", false },
}

-- The text of `size` plain bytes from `at` on (a Lua string, low byte first) as a BCD number.
local function bcd(plain, at, size, decimals, signed)
  local digits, negative = "", false
  for place = at + size - 1, at, -1 do
    local byte = plain:byte(place)
    if signed and place == at + size - 1 and byte >= 0x80 and byte ~= 0xFF then
      negative, byte = true, byte - 0x80
    end
    if byte % 16 > 9 or math.floor(byte / 16) > 9 then
      return "no value"
    end
    digits = digits .. string.format("%02X", byte)
  end
  local whole = digits:sub(1, #digits - decimals):gsub("^0+(%d)", "%1")
  local text = decimals > 0 and whole .. "." .. digits:sub(-decimals) or whole
  return negative and "-" .. text or text
end

local function values(tree, range, plain, identifier)
  local kind = kinds[math.floor(identifier / 65536)]
  if kind == nil or identifier % 256 == 0xFF or #plain % kind[2] ~= 0 then
    return kind and kind[1]
  end
  for at = 1, #plain, kind[2] do
    local number = bcd(plain, at, kind[2], kind[3], kind[5])
    local unit = number ~= "no value" and kind[4] ~= "" and " " .. kind[4] or ""
    tree:add(d.value, range, kind[1] .. " = " .. number .. unit)
  end
  return kind[1]
end

function dlt645.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "DL/T 645"
  local tree = root:add(dlt645, tvb())
  if tvb:len() < 12 or tvb:len() < 12 + tvb(9, 1):uint() then
    tree:add_proto_expert_info(cut_645)
    return tvb:len()
  end
  local address = ""
  for place = 6, 1, -1 do
    address = address .. string.format("%02X", tvb(place, 1):uint())
  end
  local control, length = tvb(8, 1):uint(), tvb(9, 1):uint()
  tree:add(d.address, tvb(1, 6), address)
  local code = tree:add(d.control, tvb(8, 1))
  for _, field in ipairs({ d.answer, d.refused, d.more, d.func }) do
    code:add(field, tvb(8, 1))
  end
  tree:add(d.length, tvb(9, 1))
  local number = control % 32
  local said = functions[number] or functions_1997[number] or "function"
  local answer, refused = control >= 0x80, math.floor(control / 64) % 2 == 1
  local info = address .. " " .. said .. (answer and (refused and " refused" or " answer") or "")
  if length > 0 then
    local plain = {}
    for place = 0, length - 1 do
      plain[#plain + 1] = string.char((tvb(10 + place, 1):uint() + 0x100 - 0x33) % 0x100)
    end
    plain = table.concat(plain)
    tree:add(d.data, tvb(10, length), plain)
    if answer and refused then
      local word = plain:byte(1)
      local names = {}
      for bit = 0, 7 do
        if math.floor(word / 2 ^ bit) % 2 == 1 then
          names[#names + 1] = errors[bit]
        end
      end
      tree:add(d.err, tvb(10, 1), word):append_text(" " .. table.concat(names, "; "))
      info = info .. ": " .. table.concat(names, "; ")
    elseif (number == 0x11 or number == 0x12 or number == 0x14) and length >= 4 then
      local id = 0
      for place = 4, 1, -1 do
        id = id * 256 + plain:byte(place)
      end
      tree:add(d.identifier, tvb(10, 4), id)
      local rest = plain:sub(5)
      local name = kinds[math.floor(id / 65536)] and kinds[math.floor(id / 65536)][1] or ""
      if control == 0x91 and #rest > 0 then
        values(tree, tvb(14, length - 4), rest, id)
      end
      info = info .. string.format(" %08X %s", id, name)
    end
  end
  local sum = 0
  for place = 0, 9 + length do
    sum = (sum + tvb(place, 1):uint()) % 256
  end
  local check = tree:add(d.checksum, tvb(10 + length, 1))
  if sum ~= tvb(10 + length, 1):uint() then
    check:append_text(string.format(" (expected %02X)", sum))
    check:add_proto_expert_info(bad_645)
  else
    check:append_text(" (right)")
  end
  pinfo.cols.info = info
  return tvb:len()
end

-- Without bit operators: Wireshark before 4.4 runs Lua 5.2.
local function xor(a, b)
  local result, bit = 0, 1
  while a > 0 or b > 0 do
    if a % 2 ~= b % 2 then
      result = result + bit
    end
    a, b, bit = math.floor(a / 2), math.floor(b / 2), bit * 2
  end
  return result
end

-- A reflected CRC-16 of `size` bytes from `at` on.
local function crc(tvb, at, size, polynomial)
  local sum = 0xFFFF
  for place = at, at + size - 1 do
    sum = xor(sum, tvb(place, 1):uint())
    for _ = 1, 8 do
      local odd = sum % 2 == 1
      sum = math.floor(sum / 2)
      if odd then
        sum = xor(sum, polynomial)
      end
    end
  end
  return sum
end

local services = {
  [0x01] = "LINK-Request", [0x81] = "LINK-Response",
  [0x02] = "CONNECT-Request", [0x82] = "CONNECT-Response",
  [0x03] = "RELEASE-Request", [0x83] = "RELEASE-Response", [0x84] = "RELEASE-Notification",
  [0x05] = "GET-Request", [0x85] = "GET-Response",
  [0x06] = "SET-Request", [0x86] = "SET-Response",
  [0x07] = "ACTION-Request", [0x87] = "ACTION-Response",
  [0x08] = "REPORT-Response", [0x88] = "REPORT-Notification",
  [0x09] = "PROXY-Request", [0x89] = "PROXY-Response",
  [0x10] = "SECURITY-Request", [0x90] = "SECURITY-Response",
  [0x6E] = "ERROR-Response", [0xEE] = "ERROR-Response",
}
local address_types = { [0] = "single", [1] = "wildcard", [2] = "group", [3] = "broadcast" }
local link_functions = { [1] = "link management", [3] = "user data" }
local fragment_kinds = { [0] = "first", [1] = "last", [2] = "acknowledgement", [3] = "middle" }
local gets = { [1] = "Normal", [2] = "NormalList", [3] = "Record", [4] = "RecordList", [5] = "Next" }
local dars = {
  [0] = "success", [1] = "hardware failure", [2] = "temporarily failed", [3] = "denied",
  [4] = "object undefined", [5] = "class does not match", [6] = "object does not exist",
  [7] = "type does not match", [8] = "out of range", [9] = "block unavailable",
  [15] = "password wrong", [20] = "security does not match", [22] = "ESAM failed",
  [23] = "security authentication failed", [32] = "time tag invalid", [33] = "request timed out",
  [255] = "other",
}

local x = {
  length = ProtoField.uint16("dlt698.length", "Length"),
  control = ProtoField.uint8("dlt698.control", "Control code", base.HEX),
  answer = ProtoField.uint8("dlt698.control.dir", "From the meter (DIR)", base.DEC, yes_no, 0x80),
  started = ProtoField.uint8(
    "dlt698.control.prm", "Started by the client (PRM)", base.DEC, yes_no, 0x40),
  fragment = ProtoField.uint8("dlt698.control.fragment", "Fragment", base.DEC, yes_no, 0x20),
  scrambled = ProtoField.uint8("dlt698.control.scrambled", "Scrambled", base.DEC, yes_no, 0x08),
  func = ProtoField.uint8("dlt698.control.function", "Function", base.DEC, link_functions, 0x07),
  kind = ProtoField.uint8("dlt698.address.type", "Address type", base.DEC, address_types, 0xC0),
  logical = ProtoField.uint8("dlt698.address.logical", "Logical address", base.DEC, nil, 0x30),
  size = ProtoField.uint8("dlt698.address.length", "Address length - 1", base.DEC, nil, 0x0F),
  address = ProtoField.string("dlt698.address", "Address"),
  client = ProtoField.uint8("dlt698.client", "Client address", base.HEX),
  hcs = ProtoField.uint16("dlt698.hcs", "Header check (HCS)", base.HEX),
  number = ProtoField.uint16("dlt698.fragment.number", "Fragment number"),
  part = ProtoField.uint8("dlt698.fragment.kind", "Fragment kind", base.DEC, fragment_kinds),
  apdu = ProtoField.bytes("dlt698.apdu", "APDU"),
  service = ProtoField.uint8("dlt698.service", "Service", base.HEX, services),
  get = ProtoField.uint8("dlt698.service.kind", "Kind", base.DEC, gets),
  piid = ProtoField.uint8("dlt698.piid", "PIID", base.HEX),
  oad = ProtoField.uint32("dlt698.oad", "OAD", base.HEX),
  dar = ProtoField.uint8("dlt698.dar", "DAR", base.DEC, dars),
  fcs = ProtoField.uint16("dlt698.fcs", "Frame check (FCS)", base.HEX),
}
local bad_hcs = ProtoExpert.new(
  "dlt698.hcs.bad", "Wrong header check", expert.group.CHECKSUM, expert.severity.ERROR)
local bad_fcs = ProtoExpert.new(
  "dlt698.fcs.bad", "Wrong frame check", expert.group.CHECKSUM, expert.severity.ERROR)
local cut_698 = ProtoExpert.new(
  "dlt698.cut", "Not a whole frame", expert.group.MALFORMED, expert.severity.ERROR)
dlt698.fields = x
dlt698.experts = { bad_hcs, bad_fcs, cut_698 }

local function sum_698(tree, field, wrong, tvb, at)
  local item = tree:add_le(field, tvb(at, 2))
  local right = 0xFFFF - crc(tvb, 1, at - 1, 0x8408)
  if right == tvb(at, 2):le_uint() then
    item:append_text(" (right)")
  else
    item:append_text(string.format(" (expected %04X)", right))
    item:add_proto_expert_info(wrong)
  end
end

local function add_oad(tree, tvb, range, bytes, at)
  local oad = 0
  for place = at, at + 3 do
    oad = oad * 256 + bytes:get_index(place)
  end
  tree:add(x.oad, range, oad)
  return string.format(" %08X", oad)
end

-- The service of a whole APDU and, of a GET, what is asked; in words for the info column. `range`
-- is where it stands in the frame, `bytes` what it says, -33H where it came scrambled.
local function service_698(tree, range, bytes)
  local tag = bytes:get_index(0)
  tree:add(x.service, range, tag)
  local info = " " .. (services[tag] or string.format("service %02X", tag))
  local size = bytes:len()
  if size < 3 or (tag ~= 0x05 and tag ~= 0x85) then
    return info
  end
  local kind = bytes:get_index(1)
  tree:add(x.get, range, kind)
  tree:add(x.piid, range, bytes:get_index(2))
  info = info .. " " .. (gets[kind] or kind)
  if (kind == 1 or kind == 3) and size >= 7 then
    info = info .. add_oad(tree, nil, range, bytes, 3)
    if tag == 0x85 and kind == 1 and size >= 9 and bytes:get_index(7) == 0 then
      local dar = bytes:get_index(8)
      tree:add(x.dar, range, dar)
      info = info .. " refused: " .. (dars[dar] or "DAR " .. dar)
    end
  elseif kind == 2 and tag == 0x05 and size >= 4 then
    for number = 0, bytes:get_index(3) - 1 do
      if 8 + 4 * number > size then
        break
      end
      info = info .. add_oad(tree, nil, range, bytes, 4 + 4 * number)
    end
  end
  return info
end

function dlt698.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "DL/T 698.45"
  local tree = root:add(dlt698, tvb())
  local whole = tvb:len()
  local tail = whole >= 5 and 6 + tvb(4, 1):uint() % 16 or 0
  if whole < 12 or whole < tail + 6 then
    tree:add_proto_expert_info(cut_698)
    return whole
  end
  local length, control = tvb(1, 2):le_uint(), tvb(3, 1):uint()
  tree:add_le(x.length, tvb(1, 2))
  local code = tree:add(x.control, tvb(3, 1))
  for _, field in ipairs({ x.answer, x.started, x.fragment, x.scrambled, x.func }) do
    code:add(field, tvb(3, 1))
  end
  for _, field in ipairs({ x.kind, x.logical, x.size }) do
    tree:add(field, tvb(4, 1))
  end
  local address = ""
  for place = tail - 1, 5, -1 do
    address = address .. string.format("%02X", tvb(place, 1):uint())
  end
  tree:add(x.address, tvb(5, tail - 5), address)
  tree:add(x.client, tvb(tail, 1))
  sum_698(tree, x.hcs, bad_hcs, tvb, tail + 1)
  local info = address
  if length + 2 ~= whole then
    tree:add_proto_expert_info(cut_698)
  end
  local at = tail + 3
  local size = whole - 3 - at
  if size > 0 then
    local bytes = tvb:bytes(at, size)
    if math.floor(control / 8) % 2 == 1 then
      for place = 0, size - 1 do
        bytes:set_index(place, (bytes:get_index(place) + 0x100 - 0x33) % 0x100)
      end
    end
    local range = tvb(at, size)
    if math.floor(control / 32) % 2 == 1 and size >= 2 then
      local word = bytes:get_index(0) + 256 * bytes:get_index(1)
      local kind = math.floor(word / 0x4000)
      tree:add(x.number, tvb(at, 2), word % 0x1000)
      tree:add(x.part, tvb(at, 2), kind)
      info = info .. string.format(" fragment %d %s", word % 0x1000, fragment_kinds[kind])
    else
      info = info .. service_698(tree, range, bytes)
    end
    tree:add(x.apdu, range, bytes:raw())
  end
  sum_698(tree, x.fcs, bad_fcs, tvb, whole - 3)
  pinfo.cols.info = info
  return whole
end

local modbus_functions = {
  [1] = "read coils", [2] = "read discrete inputs", [3] = "read holding registers",
  [4] = "read input registers", [5] = "write coil", [6] = "write register",
  [15] = "write coils", [16] = "write registers", [17] = "report server id",
  [23] = "read and write registers",
}
local exceptions = {
  [1] = "illegal function", [2] = "illegal data address", [3] = "illegal data value",
  [4] = "device failure", [5] = "accepted, takes longer", [6] = "busy",
  [8] = "memory parity error", [10] = "no path behind the gateway",
  [11] = "no answer behind the gateway",
}
local m = {
  unit = ProtoField.uint8("rtu485.unit", "Unit"),
  func = ProtoField.uint8("rtu485.function", "Function", base.HEX),
  start = ProtoField.uint16("rtu485.start", "First register", base.HEX),
  count = ProtoField.uint16("rtu485.count", "Count"),
  register = ProtoField.uint16("rtu485.register", "Register"),
  exception = ProtoField.uint8("rtu485.exception", "Exception", base.HEX, exceptions),
  data = ProtoField.bytes("rtu485.data", "Data"),
  crc = ProtoField.uint16("rtu485.crc", "CRC", base.HEX),
}
local bad_crc = ProtoExpert.new(
  "rtu485.crc.bad", "Wrong CRC", expert.group.CHECKSUM, expert.severity.ERROR)
rtu485.fields = m
rtu485.experts = { bad_crc }

function rtu485.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "Modbus RTU"
  local tree = root:add(rtu485, tvb())
  local size = tvb:len()
  if size < 4 then
    return size
  end
  local unit, func = tvb(0, 1):uint(), tvb(1, 1):uint()
  local name = modbus_functions[func % 128] or "function"
  tree:add(m.unit, tvb(0, 1))
  tree:add(m.func, tvb(1, 1)):append_text(" " .. name)
  local info = "unit " .. unit .. " " .. name
  if func >= 0x80 then
    tree:add(m.exception, tvb(2, 1))
    info = info .. " exception: " .. (exceptions[tvb(2, 1):uint()] or "?")
  elseif pinfo.private["boxgate_direction"] == "2" and (func == 3 or func == 4) then
    for place = 3, size - 4, 2 do
      tree:add(m.register, tvb(place, 2))
    end
    info = info .. " answer"
  elseif size >= 8 and func <= 16 then
    tree:add(m.start, tvb(2, 2))
    tree:add(m.count, tvb(4, 2))
    info = info .. string.format(" %04X x %d", tvb(2, 2):uint(), tvb(4, 2):uint())
  elseif size > 4 then
    tree:add(m.data, tvb(2, size - 4))
  end
  local check, right = tree:add_le(m.crc, tvb(size - 2, 2)), crc(tvb, 0, size - 2, 0xA001)
  if right ~= tvb(size - 2, 2):le_uint() then
    check:append_text(string.format(" (expected %04X)", right))
    check:add_proto_expert_info(bad_crc)
  else
    check:append_text(" (right)")
  end
  pinfo.cols.info = info
  return size
end

-- Wireshark's own dissector, where this Wireshark has one for RTU frames: its fields and filters
-- (modbus.func_code) stand beside ours. It tells requests from answers by the port, 0 unless its
-- preferences say otherwise, so the ports are set for its time.
local found, own_modbus = pcall(Dissector.get, "mbrtu")
own_modbus = found and own_modbus or nil

local function wireshark_modbus(frame, pinfo, root)
  if own_modbus == nil or frame:len() < 4 then
    return
  end
  local protocol, info = tostring(pinfo.cols.protocol), tostring(pinfo.cols.info)
  local from, to = pinfo.src_port, pinfo.dst_port
  local answer = pinfo.private["boxgate_direction"] == "2"
  pinfo.src_port, pinfo.dst_port = answer and 0 or 1, answer and 1 or 0
  pcall(own_modbus.call, own_modbus, frame, pinfo, root)
  pinfo.src_port, pinfo.dst_port = from, to
  -- ours stands in the columns: it names the unit and what is asked
  pinfo.cols.protocol, pinfo.cols.info = protocol, info
end

function capture.dissector(tvb, pinfo, root)
  if tvb:len() < 8 then
    return 0
  end
  local kind, way = tvb(2, 1):uint(), tvb(1, 1):uint()
  local tree = root:add(capture, tvb(0, 8))
  tree:add(c.version, tvb(0, 1))
  tree:add(c.direction, tvb(1, 1))
  tree:add(c.protocol, tvb(2, 1))
  local delay = tvb(4, 4):uint()
  if delay ~= 0xFFFFFFFF then
    tree:add(c.delay, tvb(4, 4))
  end
  if tvb:len() == 8 then
    return 8
  end
  local frame = tvb(8):tvb()
  pinfo.private["boxgate_direction"] = tostring(way)
  if kind == 1 or kind == 2 then
    dlt645.dissector(frame, pinfo, root)
  elseif kind == 3 then
    dlt698.dissector(frame, pinfo, root)
  elseif kind == 4 then
    rtu485.dissector(frame, pinfo, root)
    wireshark_modbus(frame, pinfo, root)
  else
    pinfo.cols.protocol = "RS-485"
    pinfo.cols.info = protocols[kind] or "noise"
    tree:add(c.noise, frame())
  end
  pinfo.cols.src = way == 1 and "master" or way >= 2 and "meter" or "?"
  pinfo.cols.dst = way == 1 and "meter" or way >= 2 and "master" or "?"
  return tvb:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, capture)
