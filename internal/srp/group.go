package srp

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

// primeHex is N, the 3072-bit prime of RFC 3526. With it comes the generator 2.
const primeHex = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74" +
	"020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437" +
	"4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05" +
	"98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb" +
	"9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
	"e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718" +
	"3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33" +
	"a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7" +
	"abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864" +
	"d87602733ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e2" +
	"08e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff"

// groupN is N in limbs.
var groupN = parsePrime()

func parsePrime() (n element) {
	b, err := hex.DecodeString(primeHex)
	if err != nil || len(b) != size {
		panic("srp: the prime is misspelt")
	}
	for i := range n {
		for _, octet := range b[size-8*(i+1) : size-8*i] {
			n[i] = n[i]<<8 | uint64(octet)
		}
	}
	return n
}

// constants are numbers that follow from N and g, in Montgomery form.
type constants struct {
	one, two element
	rr       element // R, so that a product with it takes a number into Montgomery form
	k        element // the multiplier H(pad(N) | pad(g))
}

// group computes the constants on first use.
var group = sync.OnceValue(buildConstants)

func buildConstants() *constants {
	c := &constants{}
	// R is 2^3072, and N is above half of it: R mod N is R-N, which is 0-N without the borrow.
	var zero element
	c.one.subtractN(&zero, 1)
	c.two.add(&c.one, &c.one)
	// 2 to the power of 3072, by squaring and doubling.
	const top = 1 << 11
	c.rr = c.two
	for bit := top >> 1; bit > 0; bit >>= 1 {
		c.rr.square(&c.rr)
		if 3072&bit != 0 {
			c.rr.add(&c.rr, &c.rr)
		}
	}
	hash := sha256.Sum256(append(pad(groupN.bytes()), 2))
	var k element
	for i, b := range hash {
		k[(31-i)/8] |= uint64(b) << (8 * ((31 - i) % 8))
	}
	c.k.mul(&k, &c.rr)
	return c
}

// secretSize is the size of a and b in bytes. RFC 5054 asks for at least 256 bits.
const secretSize = 32

// The powers of g to secret exponents of 256 bits come from a comb: the exponent is laid out in 4 rows (teeth) of
// 64 bits, of which 4 tables take 16 columns each. That costs 15 squarings and 64 products instead of 256 and 64;
// the tables are 24 kB, and building them costs less than one power without them.
const (
	teeth       = 4
	combTables  = 4
	combColumns = 64 / combTables
)

// comb holds in table j, entry d the product of g^(2^(64·t + 16·j)) over the bits t that are set in d.
var comb = sync.OnceValue(buildComb)

func buildComb() *[combTables][16]element {
	tables := &[combTables][16]element{}
	power := group().two // g to the power of 2^i
	for i := range 64 * teeth {
		if tooth, column := i/64, i%64; column%combColumns == 0 {
			tables[column/combColumns][1<<tooth] = power
		}
		power.square(&power)
	}
	for j := range tables {
		tables[j][0] = group().one
		for d := range tables[j] {
			if rest := d & (d - 1); rest != 0 { // more than one bit: a product of what is there already
				tables[j][d].mul(&tables[j][rest], &tables[j][d^rest])
			}
		}
	}
	return tables
}

// expG sets z to g to the power of e, in Montgomery form.
func (z *element) expG(e *[secretSize]byte) {
	var rows [teeth]uint64
	for i, b := range e {
		rows[teeth-1-i/8] = rows[teeth-1-i/8]<<8 | uint64(b)
	}
	tables := comb()
	result := group().one
	var factor element
	for column := combColumns - 1; column >= 0; column-- {
		result.square(&result)
		for j := range tables {
			var digit uint64
			for tooth, row := range rows {
				digit |= (row >> (combColumns*j + column) & 1) << tooth
			}
			factor.choose(&tables[j], digit)
			result.mul(&result, &factor)
		}
	}
	*z = result
	clear(rows[:])
}
