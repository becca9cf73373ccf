package cognito

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
)

// tokenHash is a SHA-256 hash. A cache knows a token by that of the whole of it, so that nothing passes for it that differs
// in one byte, and no token is kept.
type tokenHash [sha256.Size]byte

func hashToken(raw string) tokenHash {
	buffer := hashBuffers.Get().(*[]byte)
	*buffer = append((*buffer)[:0], raw...)
	sum := sha256.Sum256(*buffer)
	clear(*buffer)
	hashBuffers.Put(buffer)
	return sum
}

// hashBuffers save an allocation of a token's size for each token.
var hashBuffers = sync.Pool{New: func() any { return new([]byte) }}

// tokenCache remembers tokens whose signature was verified, in two generations: new ones go into the young one, and
// when that is full it becomes the old one, whose tokens are forgotten. One that is still in use comes back from
// the old into the young. A generation is full when it has its number of tokens, or its share of the memory.
// Finding takes no lock.
type tokenCache struct {
	size       int // of a generation
	weight     int // likewise, in bytes of tokens
	young, old atomic.Pointer[sync.Map]

	mu     sync.Mutex // serializes additions
	count  int        // in young
	weighs int        // likewise
}

// tokenWeight is what an entry weighs on average: the bytes of its token, of which it takes two to three times as
// much.
const tokenWeight = 2048

// cachedToken is an entry.
type cachedToken struct {
	*verifiedToken

	weight int
}

// newTokenCache is a cache of at most n tokens; nil for none.
func newTokenCache(n int) *tokenCache {
	if n < 1 {
		return nil
	}
	c := &tokenCache{size: max(n/2, 1)}
	c.weight = c.size * tokenWeight
	c.young.Store(&sync.Map{})
	if n > 1 {
		c.old.Store(&sync.Map{})
	}
	return c
}

// find finds a token, or returns nil.
func (c *tokenCache) find(sum tokenHash) *verifiedToken {
	if t, ok := c.young.Load().Load(sum); ok {
		return t.(cachedToken).verifiedToken
	}
	if old := c.old.Load(); old != nil {
		if t, ok := old.Load(sum); ok {
			c.add(sum, t.(cachedToken).verifiedToken, t.(cachedToken).weight)
			return t.(cachedToken).verifiedToken
		}
	}
	return nil
}

// add adds a token whose text has weight bytes, or puts another one in its place. One that alone is too much for a
// generation is not added.
func (c *tokenCache) add(sum tokenHash, t *verifiedToken, weight int) {
	if weight > c.weight {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	young := c.young.Load()
	if _, there := young.Swap(sum, cachedToken{t, weight}); there {
		return
	}
	c.count++
	c.weighs += weight
	if c.count <= c.size && c.weighs <= c.weight {
		return
	}
	// It was one too many for this generation; it begins the next.
	young.Delete(sum)
	next := &sync.Map{}
	next.Store(sum, cachedToken{t, weight})
	if c.old.Load() != nil {
		c.old.Store(young)
	}
	c.young.Store(next)
	c.count, c.weighs = 1, weight
}
