package cognitotest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// askNewPassword challenges a user whose password is temporary.
func (p *pool) askNewPassword(l *login) (authOutput, error) {
	u := l.user
	current := map[string]string{}
	for _, a := range u.readable(l.client) {
		if a.Name != attrSub {
			current[a.Name] = a.Value
		}
	}
	missing := []string{}
	for _, name := range p.cfg.RequiredAttributes {
		if u.attributes[name] == "" {
			missing = append(missing, attributePrefix+name)
		}
	}
	currentJSON, err := json.Marshal(current)
	if err != nil {
		return authOutput{}, err
	}
	missingJSON, err := json.Marshal(missing)
	if err != nil {
		return authOutput{}, err
	}
	return p.challenge(&challengeSession{login: l, challenge: challengeNewPassword}, map[string]string{
		paramUserID: u.username, "userAttributes": string(currentJSON), "requiredAttributes": string(missingJSON),
	}), nil
}

func (p *pool) answerNewPassword(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, challengeNewPassword)
	if err != nil {
		return authOutput{}, err
	}
	params, u := r.params, s.login.user
	if err := required(params, paramNewPassword); err != nil {
		return authOutput{}, err
	}
	var given []attribute
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if name, ok := strings.CutPrefix(key, attributePrefix); ok {
			if u.attributes[name] != "" {
				return authOutput{}, notAuthorized("Cannot modify an already provided " + name)
			}
			given = append(given, attribute{name, params[key]})
		}
	}
	attributes, err := p.checkAttributes(given)
	if err != nil {
		return authOutput{}, err
	}
	if err := r.client.checkWritable(given); err != nil {
		return authOutput{}, err
	}
	merged := maps.Clone(u.attributes)
	maps.Copy(merged, attributes)
	if err := p.checkRequired(merged); err != nil {
		return authOutput{}, err
	}
	if err := p.checkPassword(u, params[paramNewPassword]); err != nil {
		return authOutput{}, err
	}
	if err := p.resolveDevice(s.login); err != nil {
		return authOutput{}, err
	}
	s.used = true
	p.setAttributes(u, merged)
	u.status = statusConfirmed
	p.setPassword(u, params[paramNewPassword])
	s.login.source = "TokenGeneration_NewPasswordChallenge"
	return p.secondFactor(s.login)
}
