package cognitotest

import "maps"

// migrate asks the trigger UserMigration for a user whom the pool does not have, and adds the one that it finds.
func (p *pool) migrate(r *authRequest) error {
	name, password := r.params[paramUsername], r.params[paramPassword]
	fn := p.cfg.Triggers.UserMigration
	if fn == nil || password == "" || p.find(name) != nil {
		return nil
	}
	event := &UserMigrationEvent{
		TriggerEvent: p.event("UserMigration_Authentication", r.client, nil, name, r.metadata), Password: password,
	}
	if err := trigger("UserMigration", fn, event); err != nil {
		return err
	}
	if !event.Found {
		return nil
	}
	attributes := maps.Clone(event.NewAttributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	if attr := p.usernameAttribute(name); attr != "" {
		attributes[attr] = name
	}
	u := p.newUser(name, "", password, attributes)
	u.status = statusResetRequired
	if event.Status == statusConfirmed {
		u.status = statusConfirmed
	}
	return nil
}
