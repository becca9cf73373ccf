package cognitotest

import "maps"

// authRequest is one request of a sign-in.
type authRequest struct {
	client   *Client
	admin    bool // by the operation of administrators
	session  string
	params   map[string]string
	metadata map[string]string
}

// check checks that the named parameters are there, and the secret hash.
func (r *authRequest) check(names ...string) error {
	if err := required(r.params, names...); err != nil {
		return err
	}
	return checkAuthHash(r.client, r.params)
}

// login is a sign-in on its way, from its first request to its tokens.
type login struct {
	client   *Client
	admin    bool // begun by an administrator, who must also continue it
	flow     string
	user     *user  // nil for a user who does not exist
	username string // the internal one, made up for a user who does not exist
	typed    string // what the client called the user
	source   string // of the tokens, for PreTokenGeneration; "" for the usual one

	// Of the request in hand: a device counts only for the step that names it.
	metadata  map[string]string
	deviceKey string
	device    *device // once deviceKey is looked up; nil for none that is confirmed

	bothFactors bool // a passkey proved them

	bigA   string            // that CUSTOM_AUTH began with; "" without SRP
	rounds []ChallengeResult // of CUSTOM_AUTH
}

// identify begins the login of the user that a request names.
func (p *pool) identify(r *authRequest, flow string) (*login, error) {
	l := &login{client: r.client, admin: r.admin, flow: flow, typed: r.params[paramUsername]}
	l.take(r)
	l.user = p.find(l.typed)
	switch {
	case l.user == nil && !r.client.PreventUserExistenceErrors:
		return nil, errUserNotFound
	case l.user == nil:
		l.username = p.madeUpName(l.typed)
	case l.user.disabled && !r.client.PreventUserExistenceErrors:
		return nil, errDisabled
	default:
		l.username = l.user.username
	}
	return l, nil
}

// take takes on what a request brings besides its answer.
func (l *login) take(r *authRequest) {
	l.metadata, l.deviceKey, l.device = maps.Clone(r.metadata), r.params[paramDeviceKey], nil
}

// madeUpName is the internal name of a user who does not exist: the same one each time, as for a real user, and for
// every spelling that the pool takes for the same name.
func (p *pool) madeUpName(login string) string {
	return formatUUID([16]byte(p.stable("user", p.fold(login))))
}

// loginEvent makes the event of a trigger about a login.
func (p *pool) loginEvent(source string, l *login) TriggerEvent {
	return p.event(source, l.client, l.user, l.typed, l.metadata)
}

func (p *pool) preAuthentication(l *login) error {
	event := p.loginEvent("PreAuthentication_Authentication", l)
	return trigger("PreAuthentication", p.cfg.Triggers.PreAuthentication, &event)
}
