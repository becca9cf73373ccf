package cognitotest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// service is the state that the pools of a Server share. The Server locks it and them.
type service struct {
	url      string
	issuer   string // of pools that are created, to which their ID is added
	clock    func() time.Time
	advanced time.Duration
	secret   [32]byte // for what must be stable and unguessable
	serials  int64
	pools    []*pool // in the order of their serials; the configured one first
	// nowhere answers requests that name no pool. It is empty, so that its errors are the right ones.
	nowhere  *pool
	messages []Message

	first     string        // the ID of the configured pool
	triggers  Triggers      // of all pools
	functions *lambdaConfig // their names
	caller    *http.Client  // of the triggers that are URLs

	// Of the request in hand.
	region string    // that it was signed for; "" if it was not
	sent   []Message // that it caused

	unlocked func(do func()) // does something during which other requests may come
}

// newService returns a service with the pool of cfg, which must have its defaults.
func newService(cfg Config, url string) *service {
	s := &service{
		url: url, clock: cfg.Now, first: cfg.UserPoolID, triggers: cfg.Triggers,
		functions: lambdasOf(&cfg), caller: newTriggerClient(cfg.TriggerTimeout),
	}
	_, _ = rand.Read(s.secret[:]) // it never fails
	if cfg.Issuer == "" {
		cfg.Issuer = url + "/" + cfg.UserPoolID
	}
	s.issuer = url + "/"
	if prefix, ok := strings.CutSuffix(cfg.Issuer, cfg.UserPoolID); ok {
		s.issuer = prefix
	}
	// The ID is none that a request could name.
	s.nowhere = newPool(s, Config{UserPoolID: "_", PasswordPolicy: &defaultPolicy})
	p := newPool(s, cfg)
	p.settings, p.factors = settingsOfPool(&cfg)
	p.shape = poolShape{cfg.AliasAttributes, cfg.UsernameAttributes, &usernameConfiguration{new(!cfg.CaseInsensitive)}}
	s.pools = []*pool{p}
	return s
}

// nextSerial returns the next number for a pool.
func (s *service) nextSerial() int64 {
	s.serials++
	return s.serials
}

// stable derives unguessable bytes from text that stay the same for the life of the server.
func (s *service) stable(purpose, text string) []byte {
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte(purpose + "\x00" + text))
	return mac.Sum(nil)
}

// findPool returns the first matching pool, or nil if there is none.
func (s *service) findPool(fits func(*pool) bool) *pool {
	i := slices.IndexFunc(s.pools, fits)
	if i < 0 {
		return nil
	}
	return s.pools[i]
}

// address holds the members of a request that select its pool. The first one present counts.
type address struct {
	UserPoolID  string `json:"UserPoolId"`
	ClientID    string `json:"ClientId"`
	AccessToken string
	Session     string
}

// route returns the pool that a request refers to. The operation itself checks which members are
// present and valid. If the pool does not exist, the operation gets one in which it finds nothing.
func (s *service) route(body []byte) *pool {
	var to address
	_ = json.Unmarshal(body, &to) // the operation decodes it again and reports errors
	var found *pool
	switch {
	case to.UserPoolID != "":
		found = s.findPool(func(p *pool) bool { return p.cfg.UserPoolID == to.UserPoolID })
	case to.ClientID != "":
		found = s.findPool(func(p *pool) bool { return p.apps[to.ClientID] != nil })
	case to.AccessToken != "":
		id := keyID(to.AccessToken)
		found = s.findPool(func(p *pool) bool { return p.keys.find(id) != nil })
	case to.Session != "":
		found = s.findPool(func(p *pool) bool { return p.sessions[to.Session] != nil })
	}
	if found == nil {
		return s.nowhere
	}
	return found
}

// keyID returns the ID of the key that signed a token, or "" if it is not a token.
func keyID(raw string) string {
	token, _, err := jwt.NewParser().ParseUnverified(raw, jwt.MapClaims{})
	if err != nil {
		return ""
	}
	id, _ := token.Header["kid"].(string)
	return id
}

// at returns the pool whose documents are at a path, which begins with the pool's ID. For any other
// path it returns the first pool, because [Config.Issuer] may have a path.
func (s *service) at(path string) *pool {
	for _, p := range s.pools {
		if strings.HasPrefix(path, "/"+p.cfg.UserPoolID+"/") {
			return p
		}
	}
	if len(s.pools) == 0 {
		return s.nowhere
	}
	return s.pools[0]
}

var credentialScope = regexp.MustCompile(`Credential=[^/,]+/\d{8}/([\w-]+)/`)

// signingRegion returns the region that a request was signed for, or "" if it is unsigned.
func signingRegion(r *http.Request) string {
	if scope := credentialScope.FindStringSubmatch(r.Header.Get("Authorization")); scope != nil {
		return scope[1]
	}
	return ""
}
