package cognitotest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

const (
	attrEmail         = "email"
	attrPhone         = "phone_number"
	attrPreferred     = "preferred_username"
	attrSub           = "sub"
	attrEmailVerified = attrEmail + verifiedSuffix
	attrPhoneVerified = attrPhone + verifiedSuffix

	verifiedSuffix = "_verified"
)

// user is a user of the pool. The password is stored as an SRP verifier only.
type user struct {
	username   string // the internal one
	sub        string
	attributes map[string]string
	groups     []*group
	status     string
	disabled   bool
	verifier   srp.Verifier
	serial     int64            // greater for later users
	previous   []srp.Verifier   // of earlier passwords, the last one last
	codes      map[string]*code // by codeKey
	inbox      string           // the last code or temporary password delivered
	temporary  time.Time        // when a temporary password expires
	signedOut  time.Time        // the last global sign-out; earlier tokens are invalid
	created    time.Time
	modified   time.Time

	token      *softwareToken // verified
	newToken   *softwareToken // not verified yet
	factors    []string       // second factors that the user enabled
	preferred  string         // one of them, or ""
	devices    []*device
	passkeys   []*passkey
	identities []identity // linked users of providers
	events     []*authEvent
	passkeyMFA bool      // passkeys count for both factors
	ceremony   *ceremony // pending registration of a passkey
}

// AddUser adds a user to the first pool as it is: no trigger runs, no message is sent, and neither
// the password nor the attributes need to conform to the pool's rules. A user with the status
// UNCONFIRMED gets a code from ResendConfirmationCode. AddUser panics if u is invalid or the user
// already exists.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pool
	if u.Username == "" {
		panic("cognitotest: AddUser: want a username")
	}
	if u.Status == "" {
		u.Status = statusConfirmed
	}
	checkNames("User.Status", []string{u.Status}, statusConfirmed, statusUnconfirmed, statusForceChange,
		statusResetRequired)
	attributes := maps.Clone(u.Attributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	if attr := p.usernameAttribute(u.Username); attr != "" {
		attributes[attr] = u.Username
	}
	if p.find(u.Username) != nil {
		panic(fmt.Sprintf("cognitotest: AddUser: there is a user %q already", u.Username))
	}
	added := p.newUser(u.Username, u.Sub, u.Password, attributes)
	added.status, added.disabled = u.Status, u.Disabled
	if u.Status == statusForceChange {
		added.temporary = p.now().Add(p.cfg.TemporaryPasswordValidity)
	}
	for _, name := range u.Groups {
		p.joinGroup(added, p.ensureGroup(Group{Name: name}))
	}
	p.addFactors(added, &u)
}

// DisableUser disables a user, or enables it again. It panics if there is no such user.
func (s *Server) DisableUser(username string, disabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pool.must(username).disabled = disabled
}

// newUser adds a user to the pool. sub and password may be empty.
func (p *pool) newUser(username, sub, password string, attributes map[string]string) *user {
	if sub == "" {
		sub = newUUID()
	}
	if len(p.cfg.UsernameAttributes) > 0 {
		username = sub
	}
	u := &user{
		username: username, sub: sub, attributes: attributes, status: statusUnconfirmed,
		codes: map[string]*code{}, created: p.now(), modified: p.now(),
	}
	if password != "" {
		p.setPassword(u, password)
	}
	p.insert(u)
	return u
}

type getUserOutput struct {
	Username       string
	UserAttributes []attribute

	mfaState
}

func (p *pool) getUser(in *accessTokenInput) (getUserOutput, error) {
	u, c, err := p.authorize(in.AccessToken)
	if err != nil {
		return getUserOutput{}, err
	}
	return getUserOutput{Username: u.username, UserAttributes: u.readable(c), mfaState: u.mfaState()}, nil
}

type adminGetUserOutput struct {
	getUserOutput
	Enabled              bool
	UserStatus           string
	UserCreateDate       float64
	UserLastModifiedDate float64
}

func (p *pool) adminGetUser(in *adminInput) (adminGetUserOutput, error) {
	u, err := p.adminUser(*in)
	if err != nil {
		return adminGetUserOutput{}, err
	}
	return adminGetUserOutput{
		getUserOutput: getUserOutput{Username: u.username, UserAttributes: u.readable(nil), mfaState: u.mfaState()},
		Enabled:       !u.disabled, UserStatus: u.status,
		UserCreateDate: epoch(u.created), UserLastModifiedDate: epoch(u.modified),
	}, nil
}

// epoch returns a time as on the wire: seconds with milliseconds.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// loginKey is an attribute that identifies users.
type loginKey struct{ attribute, value string }

// loginAttributes are the attributes that some pools let users sign in with.
var loginAttributes = []string{attrEmail, attrPhone, attrPreferred}

// directory is an index of users.
type directory struct {
	names  map[string]*user // by username, folded as the pool compares
	subs   map[string]*user
	logins map[loginKey][]*user // everyone with that value, verified or not
}

func newDirectory() directory {
	return directory{names: map[string]*user{}, subs: map[string]*user{}, logins: map[loginKey][]*user{}}
}

// fold returns a form of name that is equal for names that the pool considers the same.
func (p *pool) fold(name string) string {
	if p.cfg.CaseInsensitive {
		return strings.ToLower(name)
	}
	return name
}

func (p *pool) same(a, b string) bool { return a != "" && p.fold(a) == p.fold(b) }

// insert adds a new user to the pool.
func (p *pool) insert(u *user) {
	u.serial = p.nextSerial()
	p.users = append(p.users, u)
	p.directory.names[p.fold(u.username)] = u
	p.directory.subs[u.sub] = u
	p.indexLogins(u)
}

// remove removes a user from the pool, including pending challenges.
func (p *pool) remove(u *user) {
	i, _ := slices.BinarySearchFunc(p.users, u.serial,
		func(u *user, serial int64) int { return cmp.Compare(u.serial, serial) })
	p.users = slices.Delete(p.users, i, i+1)
	delete(p.directory.names, p.fold(u.username))
	delete(p.directory.subs, u.sub)
	p.unindexLogins(u)
	delete(p.lockouts, u.username)
	maps.DeleteFunc(p.sessions, func(_ string, s *challengeSession) bool { return s.login.user == u })
	maps.DeleteFunc(p.proofs, func(_ string, attempt *proof) bool { return attempt.login.user == u })
}

// setAttributes replaces a user's attributes. Codes that went to an address that the user no longer
// has become invalid. Every change of an attribute in loginAttributes must use this function.
func (p *pool) setAttributes(u *user, attributes map[string]string) {
	maps.DeleteFunc(u.codes,
		func(_ string, c *code) bool { return attributes[c.attribute] != u.attributes[c.attribute] })
	p.unindexLogins(u)
	u.attributes, u.modified = attributes, p.now()
	p.indexLogins(u)
}

func (p *pool) indexLogins(u *user) {
	for _, attr := range loginAttributes {
		if value := u.attributes[attr]; value != "" {
			key := loginKey{attr, p.fold(value)}
			p.directory.logins[key] = append(p.directory.logins[key], u)
		}
	}
}

func (p *pool) unindexLogins(u *user) {
	for _, attr := range loginAttributes {
		key := loginKey{attr, p.fold(u.attributes[attr])}
		others := slices.DeleteFunc(p.directory.logins[key], func(other *user) bool { return other == u })
		if len(others) > 0 {
			p.directory.logins[key] = others
		} else {
			delete(p.directory.logins, key)
		}
	}
}

// having returns the users whose attribute attr has a value, verified or not.
func (p *pool) having(attr, value string) []*user {
	return p.directory.logins[loginKey{attr, p.fold(value)}]
}

// find returns a user by username, sub, or an attribute that users sign in with, or nil if there is
// none.
func (p *pool) find(name string) *user {
	if u := p.directory.names[p.fold(name)]; u != nil {
		return u
	}
	for _, attr := range p.cfg.UsernameAttributes {
		if found := p.having(attr, name); len(found) > 0 {
			return found[0]
		}
	}
	for _, attr := range p.cfg.AliasAttributes {
		for _, u := range p.having(attr, name) {
			if u.usable(attr) {
				return u
			}
		}
	}
	return nil
}

func (p *pool) bySub(sub string) *user { return p.directory.subs[sub] }

// must returns a user that a test names. It panics if there is none.
func (p *pool) must(username string) *user {
	u := p.find(username)
	if u == nil {
		panic(fmt.Sprintf("cognitotest: there is no user %q", username))
	}
	return u
}

// unconfirmed returns a user who signed up with name as the e-mail address or phone number and has
// not confirmed it, or nil.
func (p *pool) unconfirmed(name string) *user {
	for _, attr := range p.cfg.AliasAttributes {
		for _, u := range p.having(attr, name) {
			if u.status == statusUnconfirmed {
				return u
			}
		}
	}
	return nil
}

// usable reports whether the user may sign in with the alias attr. An address must be verified.
func (u *user) usable(attr string) bool {
	switch attr {
	case attrEmail:
		return u.attributes[attrEmailVerified] == strconv.FormatBool(true)
	case attrPhone:
		return u.attributes[attrPhoneVerified] == strconv.FormatBool(true)
	default:
		return u.status != statusUnconfirmed
	}
}

// usernameAttribute returns the attribute that the username of a sign-up sets, or "".
func (p *pool) usernameAttribute(username string) string {
	for _, attr := range p.cfg.UsernameAttributes {
		if (attr == attrEmail && isEmail(username)) || (attr == attrPhone && isPhone(username)) {
			return attr
		}
	}
	return ""
}

// mayTake reports whether aliases may be taken from other users. An attribute that serves as the
// username is not an alias.
func (p *pool) mayTake(force bool) bool { return force && len(p.cfg.UsernameAttributes) == 0 }

// takeAliases removes from other users the aliases that keep u from signing in with the given
// attributes.
func (p *pool) takeAliases(u *user, attributes map[string]string) {
	for attr := p.conflict(u, attributes); attr != ""; attr = p.conflict(u, attributes) {
		p.takeAlias(u, attr)
	}
}

// takeAlias removes an alias from its other holders.
func (p *pool) takeAlias(u *user, attr string) {
	for _, other := range slices.Clone(p.having(attr, u.attributes[attr])) {
		if other != u {
			attributes := maps.Clone(other.attributes)
			delete(attributes, attr)
			delete(attributes, attr+verifiedSuffix)
			p.setAttributes(other, attributes)
		}
	}
}
