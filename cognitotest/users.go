package cognitotest

import (
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
	attrEmailVerified = "email_verified"
	attrPhoneVerified = "phone_number_verified"
)

// user is a user of the pool. The password is kept as an SRP verifier only.
type user struct {
	username   string // the internal one
	sub        string
	attributes map[string]string
	groups     []string
	status     string
	disabled   bool
	verifier   srp.Verifier
	code       *signUpCode
	inbox      string    // the last code that was delivered
	signedOut  time.Time // everywhere; tokens from before are void
	created    time.Time
	modified   time.Time

	token      *softwareToken // that is verified
	newToken   *softwareToken // that is not yet
	factors    []string       // second factors that the user enabled
	preferred  string         // one of them, or ""
	devices    []*device
	passkeys   []*passkey
	passkeyMFA bool      // passkeys count for both factors
	ceremony   *ceremony // of a passkey that is being registered
}

// AddUser adds a user as an administrator would. It panics when there is such a user already, or u cannot be one.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pool
	if u.Username == "" || u.Password == "" && !p.passwordless() {
		panic("cognitotest: AddUser: want a username and a password")
	}
	if u.Status == "" {
		u.Status = statusConfirmed
	}
	checkNames("User.Status", []string{u.Status}, statusConfirmed, statusUnconfirmed, statusForceChange, statusResetRequired)
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
	added.groups, added.status, added.disabled = slices.Clone(u.Groups), u.Status, u.Disabled
	p.addFactors(added, &u)
}

// DisableUser disables a user, or enables it again. It panics when there is none.
func (s *Server) DisableUser(username string, disabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pool.must(username).disabled = disabled
}

// Code returns the last code that was sent to a user, who may be named by an alias that is not verified yet. It
// is "" when none was.
func (s *Server) Code(username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.pool.find(username); u != nil {
		return u.inbox
	}
	for _, u := range s.pool.users {
		if s.pool.same(u.attributes[attrEmail], username) || u.attributes[attrPhone] == username {
			return u.inbox
		}
	}
	return ""
}

// must finds a user that a test names.
func (p *pool) must(username string) *user {
	u := p.find(username)
	if u == nil {
		panic(fmt.Sprintf("cognitotest: there is no user %q", username))
	}
	return u
}

// newUser adds a user to the pool. sub may be empty.
func (p *pool) newUser(username, sub, password string, attributes map[string]string) *user {
	if sub == "" {
		sub = newUUID()
	}
	if len(p.cfg.UsernameAttributes) > 0 {
		username = sub
	}
	u := &user{
		username: username, sub: sub, attributes: attributes, status: statusUnconfirmed,
		created: p.now(), modified: p.now(),
	}
	if password != "" {
		p.setPassword(u, password)
	}
	p.users = append(p.users, u)
	return u
}

// passwordless reports whether the user has no password.
func (u *user) passwordless() bool { return u.verifier.Value == nil }

func (p *pool) setPassword(u *user, password string) {
	u.verifier = srp.NewVerifier(p.identity(u.username), password)
}

// identity is who proves a password by SRP.
func (p *pool) identity(username string) srp.Identity {
	_, name, _ := strings.Cut(p.cfg.UserPoolID, "_")
	return srp.Identity{Namespace: name, Name: username}
}

// find finds a user by username, by sub, or by an attribute that users sign in with; nil if there is none.
func (p *pool) find(login string) *user {
	for _, u := range p.users {
		if p.same(u.username, login) {
			return u
		}
	}
	for _, u := range p.users {
		for _, attr := range p.cfg.UsernameAttributes {
			if p.same(u.attributes[attr], login) {
				return u
			}
		}
		for _, attr := range p.cfg.AliasAttributes {
			if p.same(u.attributes[attr], login) && u.usable(attr) {
				return u
			}
		}
	}
	return nil
}

func (p *pool) same(a, b string) bool {
	return a != "" && (a == b || p.cfg.CaseInsensitive && strings.EqualFold(a, b))
}

// usable reports whether attr is an alias that the user may sign in with: an address must be verified.
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

// usernameAttribute is which attribute the username of a sign-up is, in a pool where it is one.
func (p *pool) usernameAttribute(username string) string {
	for _, attr := range p.cfg.UsernameAttributes {
		if (attr == attrEmail && isEmail(username)) || (attr == attrPhone && isPhone(username)) {
			return attr
		}
	}
	return ""
}

// aliasTaken returns the alias attribute that another confirmed user already has with u's value, or "".
func (p *pool) aliasTaken(u *user) string {
	for _, attr := range slices.Concat(p.cfg.AliasAttributes, p.cfg.UsernameAttributes) {
		for _, other := range p.users {
			if other != u && p.same(other.attributes[attr], u.attributes[attr]) && other.usable(attr) {
				return attr
			}
		}
	}
	return ""
}

// attribute is a name and a value on the wire.
type attribute struct {
	Name  string
	Value string
}

// readable lists the user's attributes that the client may see, sub first.
func (u *user) readable(c *Client) []attribute {
	list := []attribute{{attrSub, u.sub}}
	for _, name := range slices.Sorted(maps.Keys(u.attributes)) {
		if name != attrSub && (c == nil || c.ReadAttributes == nil || slices.Contains(c.ReadAttributes, name)) {
			list = append(list, attribute{name, u.attributes[name]})
		}
	}
	return list
}

type getUserInput struct{ AccessToken string }

type getUserOutput struct {
	Username       string
	UserAttributes []attribute

	mfaState
}

func (p *pool) getUser(in *getUserInput) (getUserOutput, error) {
	u, c, err := p.authorize(in.AccessToken)
	if err != nil {
		return getUserOutput{}, err
	}
	return getUserOutput{Username: u.username, UserAttributes: u.readable(c), mfaState: u.mfaState()}, nil
}

type adminGetUserInput struct {
	UserPoolID string `json:"UserPoolId"`
	Username   string
}

type adminGetUserOutput struct {
	getUserOutput
	Enabled              bool
	UserStatus           string
	UserCreateDate       float64
	UserLastModifiedDate float64
}

func (p *pool) adminGetUser(in *adminGetUserInput) (adminGetUserOutput, error) {
	if in.UserPoolID != p.cfg.UserPoolID {
		return adminGetUserOutput{}, errNoPool(in.UserPoolID)
	}
	u := p.find(in.Username)
	if u == nil {
		return adminGetUserOutput{}, errUserNotFound
	}
	return adminGetUserOutput{
		getUserOutput: getUserOutput{Username: u.username, UserAttributes: u.readable(nil), mfaState: u.mfaState()},
		Enabled:       !u.disabled, UserStatus: u.status,
		UserCreateDate: epoch(u.created), UserLastModifiedDate: epoch(u.modified),
	}, nil
}

// epoch is a time on the wire: seconds with milliseconds.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
